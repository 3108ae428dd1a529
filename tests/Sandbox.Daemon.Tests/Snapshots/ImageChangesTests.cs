using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Tests.Images;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Snapshots;

/// <summary>The difference between a saved image and the one it is built on, and layers that become one.</summary>
[Collection(nameof(LinuxHost))]
public sealed class ImageChangesTests(LinuxHost host) : SavedImage(host)
{
    [Fact]
    public async Task Changes_unpacked_over_the_base_give_the_tree_of_the_image()
    {
        var first = await ChangeAsync(Host.Busybox, """
            mkdir -p /srv/app/data /srv/gone; echo one > /srv/app/one; ln /srv/app/one /srv/app/two; ln -s one /srv/app/link; chown -R 1000:1000 /srv/app; chmod 4755 /srv/app/one
            rm /bin/vi; rm -rf /var; mkdir /var; echo new > /var/new; chmod 1777 /srv; mkfifo /srv/pipe; echo x > /srv/gone/x; rm -rf /home; echo file > /home
            dd if=/dev/zero of=/srv/sparse bs=1 count=1 seek=5000000 2>/dev/null; touch -d '2001-02-03 04:05:06' /srv/app/one; printf x > "/srv/$(printf 'a\\377b')"
            """);
        var second = await ChangeAsync(first.Digest, "rm -rf /srv/gone /srv/app/two; mkdir -p /srv/later; echo two > /srv/later/two; echo more >> /srv/app/one; rm $(which awk); mv /srv/app/data /srv/data; rm -rf /usr/sbin; ln -s bin /usr/sbin");
        Assert.Equal(3, second.Layers.Count);

        var difference = await Host.Runtime.Images.CompareAsync(second.Digest, Host.Busybox, Cancel);
        var tar = await ChangesAsync(second.Digest, Host.Busybox);
        Assert.Equal(difference.TarBytes, tar.Length);
        Assert.Equal(tar, await ChangesAsync(second.Digest, Host.Busybox));
        var deleted = difference.Deleted.Select(path => path.ToString()).ToList();
        Assert.Contains("/bin/vi", deleted, StringComparer.Ordinal);
        Assert.DoesNotContain(deleted, path => path.StartsWith("/srv", StringComparison.Ordinal));
        var tool = Host.Parts.GetRequiredService<Tool>();
        var directory = Directory.CreateTempSubdirectory("changes-").FullName;
        try
        {
            using var base1 = Host.Parts.GetRequiredService<ImageStore>().Acquire(Host.Busybox);
            await tool.RunOrThrowAsync("cp", ["-a", base1.Layers[^1], Path.Combine(directory, "tree")], cancellationToken: Cancel);
            foreach (var path in deleted)
            {
                await tool.RunOrThrowAsync("rm", ["-rf", "--", Path.Combine(directory, "tree") + path], cancellationToken: Cancel);
            }

            await tool.RunOrThrowAsync("tar", ["-C", Path.Combine(directory, "tree"), "-xpf", "-", "--numeric-owner", "--xattrs", "--xattrs-include=*"], tar, Cancel);
            Assert.Equal(Tree(await LaunchAsync(second.Digest)), TreeListing.Of(Path.Combine(directory, "tree"), 0, Given));
        }
        finally
        {
            await tool.RunOrThrowAsync("rm", ["-rf", directory], cancellationToken: CancellationToken.None);
        }
    }

    [Fact]
    public async Task An_image_that_is_not_built_on_the_other_is_refused_and_both_are_in_use_while_it_is_read()
    {
        var first = await ChangeAsync(Host.Busybox, "head -c 300000 /dev/urandom > /root/one");
        var other = await ChangeAsync(Host.Busybox, "echo two > /root/two");
        var fault = await Assert.ThrowsAsync<SandboxException>(() => Host.Runtime.Images.CompareAsync(first.Digest, other.Digest, Cancel));
        Assert.Equal(ErrorCode.Invalid, fault.Code);
        await using (var pieces = Host.Runtime.Images.ReadChangesAsync(first.Digest, Host.Busybox, Cancel).GetAsyncEnumerator(Cancel))
        {
            Assert.True(await pieces.MoveNextAsync());
            Assert.Equal(ErrorCode.ImageInUse, (await Assert.ThrowsAsync<SandboxException>(() => Host.Runtime.Images.RemoveAsync(first.Digest, Cancel))).Code);
        }

        await Host.Runtime.Images.RemoveAsync(first.Digest, Cancel);
    }

    [Fact]
    public async Task Saving_never_ends_at_the_most_layers_of_an_image()
    {
        var image = await ManyLayersAsync(110);
        var id = await LaunchAsync(image.Digest);
        await RunAsync(id, "rm /old/3; mkdir -p /srv/a; echo one > /srv/a/one; ln /srv/a/one /srv/a/two; rm -rf /home; ln -s /srv /home");
        var first = await SaveAsync(id);
        Assert.Equal(111, first.Image.Layers.Count); // nothing to merge with yet

        var second = await LaunchAsync(first.Image.Digest);
        await RunAsync(second, "rm /old/4; echo new > /old/5; echo three > /srv/three");
        var merged = await SaveAsync(second);
        Assert.Equal(111, merged.Image.Layers.Count);
        Assert.Equal(image.Layers, merged.Image.Layers.Take(110));
        Assert.Equal(merged.Image.Digest, (await SaveAsync(second)).Image.Digest);
        var again = await LaunchAsync(merged.Image.Digest);
        Assert.Equal(Tree(second), Tree(again));
        Assert.Equal(merged.Image.Digest, (await SaveAsync(again)).Image.Digest);

        // Another history with the same end.
        var other = await LaunchAsync(first.Image.Digest);
        await RunAsync(other, "rm /old/4; echo new > /old/5; echo three > /srv/three; echo four > /srv/four");
        var detour = await LaunchAsync((await SaveAsync(other)).Image.Digest);
        await RunAsync(detour, "rm /srv/four; for path in /old /old/5 /srv /srv/a /srv/three; do touch -d '2020-01-01 00:00:00' $path; done");
        await RunAsync(second, "for path in /old /old/5 /srv /srv/a /srv/three; do touch -d '2020-01-01 00:00:00' $path; done");
        Assert.Equal(Tree(second), Tree(detour));
        Assert.Equal((await SaveAsync(second)).Image.Digest, (await SaveAsync(detour)).Image.Digest);
    }

    [Fact]
    public async Task A_state_that_returns_to_its_base_is_saved_without_a_layer()
    {
        var image = await ManyLayersAsync(100);
        var added = await ChangeAsync(image.Digest, "echo one > /old/more; touch -d '2020-01-01 00:00:00' /old");
        var id = await LaunchAsync(added.Digest);
        await RunAsync(id, "rm /old/more; touch -d @1600000000 /old");
        var saved = await SaveAsync(id);
        Assert.Equal(100, saved.Image.Layers.Count);
        Assert.Equal("2\n", await RunAsync(await LaunchAsync(saved.Image.Digest), "cat /old/2"));
    }

    /// <summary>Busybox's layer and small ones, as a registry would give them.</summary>
    private async Task<StoredImage> ManyLayersAsync(int layers)
    {
        var store = Host.Parts.GetRequiredService<ImageStore>();
        var below = ImageManifest.Read(store.Files.ReadBlob(Host.Busybox));
        var busybox = Decompressed(store.Files.Blob(below.Layers[0].Digest));
        var builder = new ImageBuilder().Layer(busybox, busybox, "tar", null);
        for (var i = 1; i < layers; i++)
        {
            builder.PlainLayer(new TarBuilder().Directory("old").File($"old/{i}", $"{i}\n"));
        }

        StoredImage? image = null;
        await foreach (var progress in Host.Runtime.Images.AddAsync(StoreUnderTest.Oci(builder.OciArchive()), Cancel))
        {
            image = progress.Image ?? image;
        }

        Keep(image!.Digest);
        return image;
    }

    private static byte[] Decompressed(string blob)
    {
        using var plain = Decompression.Open(File.OpenRead(blob));
        using var copy = new MemoryStream();
        plain.CopyTo(copy);
        return copy.ToArray();
    }
}
