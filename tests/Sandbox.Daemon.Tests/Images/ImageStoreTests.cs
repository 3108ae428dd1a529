using System.Text;
using System.Text.Json.Nodes;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Tests.Snapshots;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

public sealed class ImageStoreTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_oci_archive_comes_in_and_stays_over_a_restart()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var built = new ImageBuilder()
            .Layer(new TarBuilder().Directory("./").File("./hello", "hi\n", mode: 0x9ED, uid: 1000, gid: 100))
            .Config("Entrypoint", new JsonArray("docker-entrypoint.sh")).Config("Cmd", new JsonArray("postgres"))
            .Config("WorkingDir", "/data").Config("User", "postgres").Config("ExposedPorts", new JsonObject { ["5432/tcp"] = new JsonObject() });
        var image = await test.AddAsync(built);
        Assert.Equal(built.Digest, image.Digest);
        Assert.Equal(["docker-entrypoint.sh"], image.Config.Entrypoint);
        Assert.Equal(["postgres"], image.Config.Command);
        Assert.Equal(["PATH=/bin"], image.Config.Env);
        Assert.Equal(["5432/tcp"], image.Config.ExposedPorts);
        Assert.Equal(("/data", "postgres", false), (image.Config.Workdir, image.Config.User, image.Config.IsInteractive));

        await test.ReopenAsync();
        var again = Assert.Single(test.Store.List());
        Assert.Equal((image.Digest, image.Size), (again.Digest, again.Size));
        Assert.Equal("4755 1000 100 1600000000 hi\n", await test.InsideAsync(image.Digest, "stat -c '%a %u %g %Y' hello | tr '\\n' ' '; cat hello"));
    }

    [Fact]
    public async Task A_docker_archive_comes_in()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var image = await test.AddAsync(StoreUnderTest.Docker(ImageBuilder.DockerArchive(
            new TarBuilder().File("a", "one\n").File("b", "gone\n"), new TarBuilder().File("a", "two\n").File(".wh.b", ""))));
        Assert.True(image.Config.IsInteractive);
        Assert.Equal("a\ntwo\n", await test.InsideAsync(image.Digest, "ls; cat a"));
        Assert.Equal(image.Digest, (await test.AddAsync(StoreUnderTest.Docker(ImageBuilder.DockerArchive(
            new TarBuilder().File("a", "one\n").File("b", "gone\n"), new TarBuilder().File("a", "two\n").File(".wh.b", ""))))).Digest);
        Assert.Single(test.Store.List());
    }

    [Fact]
    public async Task A_gzipped_archive_and_a_plain_layer_come_in()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var built = new ImageBuilder().PlainLayer(new TarBuilder().File("plain"));
        var image = await test.AddAsync(StoreUnderTest.Oci(ImageBuilder.Gzip(built.OciArchive())));
        Assert.Equal("content\n", await test.InsideAsync(image.Digest, "cat plain"));
    }

    [Fact]
    public async Task Whiteouts_hide_what_lies_below()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var image = await test.AddAsync(new ImageBuilder()
            .Layer(new TarBuilder().File("gone").File("kept").Directory("emptied").File("emptied/old").Directory("anew").File("anew/old").Directory("both").File("both/old"))
            .Layer(new TarBuilder()
                .File(".wh.gone", "")
                .Directory("emptied").File("emptied/.wh..wh..opq", "").File("emptied/new")
                .File(".wh.anew", "").Directory("anew").File("anew/new")
                .Directory("both").File("both/new").File(".wh.both", "")
                .File(".wh..wh.plnk", "")));
        Assert.Equal(".\n./anew\n./anew/new\n./both\n./both/new\n./emptied\n./emptied/new\n./kept\n", await test.InsideAsync(image.Digest, "find . | LC_ALL=C sort"));
    }

    [Fact]
    public async Task Links_fifos_attributes_and_names_of_any_bytes_are_kept()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        byte[] capability = [1, 0, 0, 2, 0x80, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        var image = await test.AddAsync(new ImageBuilder().Layer(new TarBuilder()
            .Directory("usr/lib").Symlink("lib", "usr/lib").File("lib/through", "inside\n")
            .Symlink("absolute", "/etc/passwd").Symlink("up", "../../..")
            .HardLink("usr/linked", "usr/lib/through").Fifo("fifo")
            .Device("dev/null", 1, 3)
            .Pax("SCHILY.xattr.security.capability", capability).Pax("SCHILY.xattr.user.note", "a\nb"u8.ToArray()).Pax("SCHILY.xattr.trusted.overlay.opaque", "y"u8.ToArray())
            .File("capable")
            .File([0xff, 0xfe, (byte)'x'], "bytes\n"u8.ToArray())
            .LongName(string.Concat(Enumerable.Repeat("long/", 60)) + "name").File("short", "long\n")
            .File("replaced/file").File("replaced", "a file now\n")));
        Assert.Equal(
            "usr/lib\n/etc/passwd\n../../..\n2\nfifo\ninside\nbytes\nlong\na file now\n",
            await test.InsideAsync(image.Digest, "readlink lib absolute up; stat -c %h usr/linked; test -p fifo && echo fifo; cat usr/linked; cat \"$(printf '\\377\\376x')\"; find long -type f -exec cat {} +; cat replaced; test ! -e dev/null"));
        Assert.Equal("cap_setuid,cap_net_raw=ep\n", (await test.InsideAsync(image.Digest, "getcap capable")).Replace("capable ", "", StringComparison.Ordinal));
        Assert.DoesNotContain("trusted", await test.InsideAsync(image.Digest, "getfattr -d -m - capable"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shared_base_is_stored_and_unpacked_once_and_goes_with_its_last_image()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var empty = test.Inventory();
        var first = await test.AddAsync(new ImageBuilder().Layer(Base()).Layer(new TarBuilder().File("first")));
        var second = await test.AddAsync(new ImageBuilder().Layer(Base()).Layer(new TarBuilder().File("second")));
        using (var one = test.Store.Acquire(first.Digest))
        using (var two = test.Store.Acquire(second.Digest))
        {
            Assert.Equal(one.Layers[^1], two.Layers[^1], StringComparer.Ordinal);
            Assert.NotEqual(one.Layers[0], two.Layers[0], StringComparer.Ordinal);
            Assert.Equal(3, Directory.GetDirectories(Path.Combine(test.Options.DataDirectory, "layers")).Length);
        }

        await test.Store.RemoveAsync(first.Digest, Now);
        Assert.Equal("base\nsecond\n", await test.InsideAsync(second.Digest, "ls"));
        await test.Store.RemoveAsync(second.Digest, Now);
        await test.Store.RemoveAsync(second.Digest, Now);
        await StoredUnderTest.UntilAsync(() => Directory.GetDirectories(Path.Combine(test.Options.DataDirectory, "incoming")).Length == 0, "the files of its layers are removed");
        Assert.Equal(empty, test.Inventory().Where(name => !name.EndsWith("index.json", StringComparison.Ordinal)), StringComparer.Ordinal);

        static TarBuilder Base() => new TarBuilder().File("base");
    }

    [Fact]
    public async Task The_same_layer_twice_in_one_image_can_be_mounted()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var image = await test.AddAsync(new ImageBuilder()
            .Layer(new TarBuilder().File("a", "low\n")).Layer(new TarBuilder().File("a", "high\n").File("b")).Layer(new TarBuilder().File("a", "low\n")));
        Assert.Equal(3, image.Layers.Count);
        Assert.Equal("low\ncontent\n", await test.InsideAsync(image.Digest, "cat a b"));
    }

    [Fact]
    public async Task An_image_in_use_is_not_removed()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var image = await test.AddAsync(new ImageBuilder().Layer(new TarBuilder().File("file")));
        var one = test.Store.Acquire(image.Digest);
        var two = test.Store.Acquire(image.Digest);
        one.Dispose();
        one.Dispose();
        var fault = await Assert.ThrowsAsync<SandboxException>(() => test.Store.RemoveAsync(image.Digest, Now));
        Assert.Equal(ErrorCode.ImageInUse, fault.Code);
        two.Dispose();
        await test.Store.RemoveAsync(image.Digest, Now);
        Assert.Equal(ErrorCode.ImageNotFound, Assert.Throws<SandboxException>(() => test.Store.Acquire(image.Digest)).Code);
    }

    [Fact]
    public async Task What_a_crash_left_is_cleared_at_the_next_start()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var image = await test.AddAsync(new ImageBuilder().Layer(new TarBuilder().File("file")));
        var whole = test.Inventory();

        // Work in progress, with a mount and a name that is no UTF-8; a layer and a blob renamed before the index was.
        var data = test.Options.DataDirectory;
        var work = Directory.CreateDirectory(Path.Combine(data, "incoming", "aaaa")).FullName;
        await test.Tool.RunOrThrowAsync("sh", ["-c", $"mkdir -p '{work}/deep/mount' '{work}/mount' && touch \"{work}/deep/$(printf '\\377')\""], cancellationToken: Now);
        Mounting.Mount("tmpfs", Path.Combine(work, "mount"), "tmpfs", 0, "size=1m");
        Directory.CreateDirectory(Path.Combine(data, "layers", new string('b', 64), "usr"));
        await File.WriteAllTextAsync(Path.Combine(data, "images", "blobs", "sha256", new string('c', 64)), "partial", Now);

        await test.ReopenAsync();
        Assert.Equal(whole, test.Inventory());
        Assert.Equal("content\n", await test.InsideAsync(image.Digest, "cat file"));
    }

    [Fact]
    public async Task An_image_whose_layer_is_lost_is_forgotten_and_can_be_added_again()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var built = new ImageBuilder().Layer(new TarBuilder().File("file"));
        await test.AddAsync(built);
        Directory.Delete(Path.Combine(test.Options.DataDirectory, "layers", built.DiffIds[0].Hex), recursive: true);
        await test.ReopenAsync();
        Assert.Empty(test.Store.List());
        Assert.Equal("content\n", await test.InsideAsync((await test.AddAsync(built)).Digest, "cat file"));
    }

    [Fact]
    public async Task Two_different_images_at_once_share_their_base()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var images = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => test.AddAsync(
            new ImageBuilder().Layer(new TarBuilder().File("base")).Layer(new TarBuilder().File($"top{i}")))));
        Assert.Equal(4, images.Select(image => image.Digest).Distinct().Count());
        Assert.Equal(5, Directory.GetDirectories(Path.Combine(test.Options.DataDirectory, "layers")).Length);
    }

    [Fact]
    public async Task The_operators_certificates_are_in_every_bundle()
    {
        var pem = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(pem, "OPERATOR\n", Now);
            await using var test = await StoreUnderTest.OpenAsync(extraCaFile: pem);
            var with = await test.AddAsync(new ImageBuilder()
                .Layer(new TarBuilder().Directory("./", mode: 0x1ED).File("etc/ssl/certs/ca-certificates.crt", "OLD"))
                .Layer(new TarBuilder().File("etc/ssl/certs/ca-certificates.crt", "BUNDLE")));
            var linked = await test.AddAsync(new ImageBuilder().Layer(new TarBuilder()
                .File("etc/pki/bundle.pem", "LINKED\n").Directory("etc/ssl").Symlink("etc/ssl/certs", "/etc/pki").Symlink("etc/pki/ca-certificates.crt", "bundle.pem")));
            var without = await test.AddAsync(new ImageBuilder().Layer(new TarBuilder().File("file")));
            const string Show = "cat etc/ssl/certs/ca-certificates.crt usr/local/share/ca-certificates/sandbox-extra.crt; stat -c %a .";
            Assert.Equal("BUNDLE\nOPERATOR\nOPERATOR\n755\n", await test.InsideAsync(with.Digest, Show));
            Assert.Equal("OPERATOR\nOPERATOR\n755\n", await test.InsideAsync(without.Digest, Show));
            Assert.Equal("LINKED\nOPERATOR\nOPERATOR\n", await test.InsideAsync(linked.Digest, "cat etc/pki/ca-certificates.crt usr/local/share/ca-certificates/sandbox-extra.crt"));

            await File.WriteAllTextAsync(pem, "RENEWED\n", Now);
            await test.ReopenAsync();
            Assert.Equal("BUNDLE\nRENEWED\nRENEWED\n755\n", await test.InsideAsync(with.Digest, Show));
            await test.Store.RemoveAsync(with.Digest, Now);
            await test.Store.RemoveAsync(without.Digest, Now);
            await test.Store.RemoveAsync(linked.Digest, Now);
            Assert.Empty(Directory.GetDirectories(Path.Combine(test.Options.DataDirectory, "layers")));
        }
        finally
        {
            File.Delete(pem);
        }
    }

    [Fact]
    public async Task A_certificate_layer_follows_no_link_out_of_the_image()
    {
        var pem = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(pem, "OPERATOR\n", Now);
            await using var test = await StoreUnderTest.OpenAsync(extraCaFile: pem);
            var outside = Encoding.UTF8.GetBytes(test.Outside);
            await test.AddAsync(new ImageBuilder().Layer(new TarBuilder()
                .Directory("etc/ssl/certs").Symlink("etc/ssl/certs/ca-certificates.crt", Encoding.UTF8.GetString(outside))
                .Symlink("usr", "/../../../../../../" + Path.GetTempPath())));
            Assert.Equal("untouched\n", await File.ReadAllTextAsync(test.Outside, Now));
            Assert.False(Directory.Exists(Path.Combine(Path.GetTempPath(), "local")));
        }
        finally
        {
            File.Delete(pem);
        }
    }
}
