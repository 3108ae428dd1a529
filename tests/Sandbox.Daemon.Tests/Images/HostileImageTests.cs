using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

public sealed class HostileImageTests
{
    private static readonly string Elsewhere = Path.Combine(Path.GetTempPath(), "images-elsewhere");

    public static TheoryData<string> Layers => [.. Hostile.Keys];

    private static Dictionary<string, Action<TarBuilder>> Hostile { get; } = new(StringComparer.Ordinal)
    {
        ["a name that climbs up"] = tar => tar.File("../../../outside", "evil"),
        ["a name that climbs up in the middle"] = tar => tar.Directory("a").File("a/../../../../outside", "evil"),
        ["a directory that climbs up"] = tar => tar.Directory("../../evil/"),
        ["a long name that climbs up"] = tar => tar.LongName(string.Concat(Enumerable.Repeat("../", 50)) + "outside").File("short", "evil"),
        ["a PAX name that climbs up"] = tar => tar.Pax("path", "../../../outside"u8.ToArray()).File("short", "evil"),
        ["a hard link through a link, to a name the layer lacks"] = tar => tar.Symlink("etc", "/etc").HardLink("passwd", "etc/passwd"),
        ["an absolute hard link to a name the layer lacks"] = tar => tar.HardLink("passwd", "/etc/passwd"),
        ["a hard link to a directory"] = tar => tar.Directory("d").HardLink("again", "d"),
        ["a link below a link to nowhere"] = tar => tar.Symlink("link", "/nowhere").File("link/x"),
        ["a sparse map past the file's end"] = tar => tar.Pax("GNU.sparse.map", "0,100"u8.ToArray()).Pax("GNU.sparse.size", "10"u8.ToArray()).File("a", new string('x', 100)),
        ["a sparse map that overlaps"] = tar => tar.Pax("GNU.sparse.map", "0,6,4,4"u8.ToArray()).Pax("GNU.sparse.size", "99"u8.ToArray()).File("a", "0123456789"),
        ["a sparse map that overflows"] = tar => tar.Pax("GNU.sparse.map", "9223372036854775807,10"u8.ToArray()).Pax("GNU.sparse.size", "9223372036854775807"u8.ToArray()).File("a", "0123456789"),
        ["a sparse file of exabytes"] = tar => tar.Pax("GNU.sparse.map", "0,10"u8.ToArray()).Pax("GNU.sparse.size", "4611686018427387904"u8.ToArray()).File("a", "0123456789"),
        ["a sparse file without a size"] = tar => tar.Pax("GNU.sparse.major", "1"u8.ToArray()).Pax("GNU.sparse.minor", "0"u8.ToArray()).File("a", "1\n0\n"),
        ["a sparse file in a form to come"] = tar => tar.Pax("GNU.sparse.major", "7"u8.ToArray()).File("a"),
        ["a link that leads in a circle"] = tar => tar.Symlink("a", "b").Symlink("b", "a").File("a/x"),
        ["a hard link to outside"] = tar => tar.HardLink("passwd", "../../../../etc/passwd"),
        ["a hard link to nothing"] = tar => tar.HardLink("passwd", "missing"),
        ["a broken whiteout"] = tar => tar.File(".wh...", ""),
        ["a whiteout of nothing"] = tar => tar.File(".wh.", ""),
        ["a file used as a directory"] = tar => tar.File("a").File("a/b"),
        ["the root as a file"] = tar => tar.File("."),
        ["a name too long"] = tar => tar.LongName(new string('a', 300)).File("short"),
        ["a path too long"] = tar => tar.LongName(string.Concat(Enumerable.Repeat("abcdefgh/", 500))).File("short"),
        ["a broken PAX header"] = tar => tar.Pax("path\nevil", [.. "x"u8]).Pax("size", "-5"u8.ToArray()).File("a"),
        ["a broken file capability"] = tar => tar.Pax("SCHILY.xattr.security.capability", [1, 2, 3]).File("a"),
    };

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task A_hostile_layer_is_refused_and_changes_nothing(string what)
    {
        await using var test = await StoreUnderTest.OpenAsync();
        await test.AddAsync(new ImageBuilder().Layer(new TarBuilder().File("honest")));
        var tar = new TarBuilder();
        Hostile[what](tar);
        await test.RefusesAsync(ErrorCode.ImageInvalid, StoreUnderTest.Oci(new ImageBuilder().Layer(tar).OciArchive()));
        Assert.False(Path.Exists(Elsewhere));
    }

    [Fact]
    public async Task A_hostile_layer_in_a_docker_archive_is_refused()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        await test.RefusesAsync(ErrorCode.ImageInvalid, StoreUnderTest.Docker(ImageBuilder.DockerArchive(new TarBuilder().File("../../../outside", "evil"))));
    }

    [Fact]
    public async Task Blobs_must_have_their_digest_and_size()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var wrong = Image().SpoilLastLayer(bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]);
        Assert.Contains("digest", (await test.RefusesAsync(ErrorCode.ImageInvalid, StoreUnderTest.Oci(wrong.OciArchive()))).Message, StringComparison.Ordinal);
        var cut = Image().SpoilLastLayer(bytes => bytes[..(bytes.Length / 2)]);
        await test.RefusesAsync(ErrorCode.ImageInvalid, StoreUnderTest.Oci(cut.OciArchive()));
    }

    [Fact]
    public async Task Layers_must_have_the_digest_the_configuration_says()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var image = new ImageBuilder().Layer(new TarBuilder().File("file"), ImageManifest.DigestOf("something else"u8));
        await test.RefusesAsync(ErrorCode.ImageInvalid, StoreUnderTest.Oci(image.OciArchive()));
    }

    [Fact]
    public async Task Who_only_knows_the_name_of_a_layer_does_not_get_it()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var secret = new ImageBuilder().Layer(new TarBuilder().File("secret"));
        await test.AddAsync(secret);
        var thief = new ImageBuilder().Layer(new TarBuilder().File("decoy"), secret.DiffIds[0]);
        await test.RefusesAsync(ErrorCode.ImageInvalid, StoreUnderTest.Oci(thief.OciArchive()));
    }

    [Theory]
    [InlineData("tar+gzip")]
    [InlineData("tar+zstd")]
    public async Task A_truncated_layer_is_refused_even_when_its_digest_is_right(string type)
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var tar = new TarBuilder().File("large"u8.ToArray(), [.. Enumerable.Range(0, 500_000).Select(i => (byte)(i * i / 7))]).Build();
        var stored = type == "tar+gzip" ? ImageBuilder.Gzip(tar) : (await test.Tool.RunOrThrowAsync("zstd", ["-qc"], tar, TestContext.Current.CancellationToken)).Stdout;
        await test.RefusesAsync(ErrorCode.ImageInvalid, StoreUnderTest.Oci(new ImageBuilder().Layer(tar, stored[..(stored.Length / 2)], type, null).OciArchive()));
        await test.AddAsync(new ImageBuilder().Layer(tar, stored, type, null));
    }

    [Fact]
    public async Task More_than_128_layers_are_refused()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var image = new ImageBuilder();
        for (var i = 0; i < 129; i++)
        {
            image.Layer(new TarBuilder().File($"file{i}"));
        }

        await test.RefusesAsync(ErrorCode.ImageInvalid, StoreUnderTest.Oci(image.OciArchive()));
    }

    [Fact]
    public async Task A_layer_that_unpacks_to_far_more_is_refused()
    {
        await using var test = await StoreUnderTest.OpenAsync(maxImageBytes: 1 << 20);
        var image = new ImageBuilder().Layer(new TarBuilder().File("zeros"u8.ToArray(), new byte[16 << 20]));
        await test.RefusesAsync(ErrorCode.ImageInvalid, StoreUnderTest.Oci(image.OciArchive()));
    }

    [Fact]
    public async Task What_is_larger_than_allowed_is_refused()
    {
        await using var test = await StoreUnderTest.OpenAsync(maxImageBytes: 100_000);
        var random = new byte[200_000];
        Random.Shared.NextBytes(random);
        var image = new ImageBuilder().Layer(new TarBuilder().File("random"u8.ToArray(), random));
        await test.RefusesAsync(ErrorCode.TooLarge, StoreUnderTest.Oci(image.OciArchive()));
        await test.RefusesAsync(ErrorCode.TooLarge, StoreUnderTest.Docker(image.OciArchive()));
    }

    [Theory]
    [InlineData(ArchiveKind.Oci)]
    [InlineData(ArchiveKind.Docker)]
    public async Task What_is_no_archive_is_refused(ArchiveKind kind)
    {
        await using var test = await StoreUnderTest.OpenAsync();
        foreach (var bytes in (byte[][])[[], [.. "hello"u8], new byte[10_240], [0x1f, 0x8b, 1, 2, 3], new TarBuilder().File("something").Build()])
        {
            await test.RefusesAsync(ErrorCode.ImageInvalid, new ImageSource.Archive(kind, StoreUnderTest.Chunks(bytes)));
        }
    }

    [Fact]
    public async Task An_image_for_another_machine_is_refused()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var image = new ImageBuilder { Architecture = "arm64" }.Layer(new TarBuilder().File("file"));
        Assert.Contains("arm64", (await test.RefusesAsync(ErrorCode.ImageInvalid, StoreUnderTest.Oci(image.OciArchive()))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upload_that_breaks_off_leaves_nothing()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var archive = Image().OciArchive();
        var before = test.Inventory();
        await Assert.ThrowsAsync<SandboxException>(() => test.AddAsync(new ImageSource.Archive(ArchiveKind.Oci, BreaksOff(archive[..1000]))));
        Assert.Equal(before, test.Inventory());
        await test.RefusesAsync(ErrorCode.ImageInvalid, StoreUnderTest.Oci(archive[..1000]));
    }

    [Fact]
    public async Task A_full_disk_is_said_and_leaves_nothing()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        await test.Store.DisposeAsync();
        Mounting.Mount("tmpfs", test.Options.DataDirectory, "tmpfs", 0, "size=40m");
        try
        {
            await test.ReopenAsync();
            var small = await test.AddAsync(Image());
            var random = new byte[30 << 20];
            Random.Shared.NextBytes(random);
            var large = new ImageBuilder().Layer(new TarBuilder().File("random"u8.ToArray(), random));
            await test.RefusesAsync(ErrorCode.DiskFull, StoreUnderTest.Oci(large.OciArchive()));
            await test.RefusesAsync(ErrorCode.DiskFull, StoreUnderTest.Docker(ImageBuilder.DockerArchive(new TarBuilder().File("random"u8.ToArray(), random))));

            // Fits compressed, not unpacked. Not zeros: those become holes.
            var same = new byte[60 << 20];
            Array.Fill(same, (byte)'x');
            var wide = new ImageBuilder().Layer(new TarBuilder().File("same"u8.ToArray(), same));
            await test.RefusesAsync(ErrorCode.DiskFull, StoreUnderTest.Oci(wide.OciArchive()));
            Assert.Equal(small.Digest, Assert.Single(test.Store.List()).Digest);
        }
        finally
        {
            Mounting.Unmount(test.Options.DataDirectory);
        }
    }

    private static ImageBuilder Image() => new ImageBuilder().Layer(new TarBuilder().File("file", new string('x', 5000)));

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> BreaksOff(byte[] bytes)
    {
        await Task.Yield();
        yield return bytes;
        throw new IOException("the connection broke");
    }
}
