using Microsoft.Extensions.Logging.Abstractions;
using Sandbox.Core.Images;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Registry;
using Sandbox.Daemon.Tests.Images;
using Xunit;

namespace Sandbox.Daemon.Tests.Registry;

/// <summary>The distribution's own registry over the files of the daemon, asked by skopeo.</summary>
public sealed class OfferedImagesTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_offered_image_is_pulled_with_its_digest_and_takes_no_room()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        using var offered = new OfferedImages(test.Options, test.Store, NullLogger<OfferedImages>.Instance);
        await using var registry = await TestRegistry.StartAsync(test, test.Options.RegistryDirectory);
        var image = await test.AddAsync(new ImageBuilder().Layer(new TarBuilder().File("below")).Layer(new TarBuilder().File("above")));

        await offered.SetAsync(ImageAudience.Everyone, Names(("library/demo:latest", image.Digest), ("demo:1", image.Digest)), Now);

        Assert.Equal(image.Digest, await DigestAsync(test, registry, "library/demo:latest"));
        Assert.Equal(image.Digest, await DigestAsync(test, registry, "demo:1"));
        Assert.Equal(image.Digest, await DigestAsync(test, registry, $"demo@{image.Digest.Value}"));
        await test.Tool.RunOrThrowAsync("skopeo", ["copy", "-q", "--src-tls-verify=false", $"docker://{registry.Host}/demo:1", $"oci:{test.Directory}/pulled"], cancellationToken: Now);
        var inodes = await test.Tool.RunOrThrowAsync("sh", ["-c", $"find {test.Options.RegistryDirectory} -name data -links 1"], cancellationToken: Now);
        Assert.Equal("", inodes.Text);
    }

    [Fact]
    public async Task Only_the_last_offer_counts()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        using var offered = new OfferedImages(test.Options, test.Store, NullLogger<OfferedImages>.Instance);
        await using var registry = await TestRegistry.StartAsync(test, test.Options.RegistryDirectory);
        var shared = new TarBuilder().File("shared");
        var first = await test.AddAsync(new ImageBuilder().Layer(shared).Layer(new TarBuilder().File("first")));
        var second = await test.AddAsync(new ImageBuilder().Layer(shared).Layer(new TarBuilder().File("second")));

        await offered.SetAsync(ImageAudience.Everyone, Names(("one:latest", first.Digest), ("two:latest", second.Digest)), Now);
        await test.Store.RemoveAsync(first.Digest, Now);
        Assert.Equal(first.Digest, await DigestAsync(test, registry, "one:latest"));
        await offered.SetAsync(ImageAudience.Everyone, Names(("one:latest", first.Digest), ("two:latest", second.Digest), ("three:latest", second.Digest)), Now);
        Assert.Null(await DigestAsync(test, registry, "one:latest"));
        Assert.Equal(second.Digest, await DigestAsync(test, registry, "two:latest"));

        await offered.SetAsync(ImageAudience.Everyone, Names(("two:latest", second.Digest)), Now);
        Assert.Null(await DigestAsync(test, registry, "three:latest"));
        Assert.Equal(second.Digest, await DigestAsync(test, registry, "two:latest"));

        await offered.SetAsync(ImageAudience.Everyone, Names(), Now);
        Assert.Null(await DigestAsync(test, registry, "two:latest"));
        Assert.Empty(Directory.EnumerateFiles(test.Options.RegistryDirectory, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_owners_pull_is_not_there_for_everyone()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        using var offered = new OfferedImages(test.Options, test.Store, NullLogger<OfferedImages>.Instance);
        await using var registry = await TestRegistry.StartAsync(test, test.Options.RegistryDirectory);
        await using var own = await TestRegistry.StartAsync(test, test.Options.OwnRegistryDirectory);
        var image = await test.AddAsync(new ImageBuilder().Layer(new TarBuilder().File("mine")));

        await offered.SetAsync(ImageAudience.Owners, Names(("somebody/app:1", image.Digest)), Now);
        await offered.SetAsync(ImageAudience.Everyone, Names(), Now);

        Assert.Equal(image.Digest, await DigestAsync(test, own, "somebody/app:1"));
        Assert.Null(await DigestAsync(test, registry, "somebody/app:1"));
    }

    /// <summary>The store is root's alone; another account reads what is offered, and nothing beside it.</summary>
    [Fact]
    public async Task An_account_of_its_own_reads_what_is_offered_and_changes_nothing()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        using var offered = new OfferedImages(test.Options, test.Store, NullLogger<OfferedImages>.Instance);
        File.SetUnixFileMode(test.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        var image = await test.AddAsync(new ImageBuilder().Layer(new TarBuilder().File("file")));
        await test.AddAsync(new ImageBuilder().Layer(new TarBuilder().File("private")));

        await offered.SetAsync(ImageAudience.Everyone, Names(("demo:latest", image.Digest)), Now);

        Assert.NotEqual("", (await AsNobodyAsync(test, $"find {test.Options.RegistryDirectory} -type f -readable")).Text);
        Assert.Equal("", (await AsNobodyAsync(test, $"find {test.Options.RegistryDirectory} ! -readable -o -writable")).Text);
        Assert.False((await AsNobodyAsync(test, $"ls {test.Options.DataDirectory}")).Ok);
    }

    private static Task<ToolResult> AsNobodyAsync(StoreUnderTest test, string script) =>
        test.Tool.RunAsync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--", "sh", "-c", script], cancellationToken: Now);

    private static Dictionary<string, Digest> Names(params (string Name, Digest Digest)[] names) => names.ToDictionary(entry => entry.Name, entry => entry.Digest, StringComparer.Ordinal);

    private static async Task<Digest?> DigestAsync(StoreUnderTest test, TestRegistry registry, string name)
    {
        var asked = await test.Tool.RunAsync("skopeo", ["inspect", "--tls-verify=false", "--format", "{{.Digest}}", $"docker://{registry.Host}/{name}"], cancellationToken: Now);
        return asked.Ok ? Digest.Parse(asked.Text.Trim()) : null;
    }
}
