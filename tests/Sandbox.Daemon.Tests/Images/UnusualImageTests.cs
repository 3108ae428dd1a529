using System.Globalization;
using Sandbox.Core.Images;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

/// <summary>Images that Docker loads although a careful program would not have made them.</summary>
public sealed class UnusualImageTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Absolute_and_dotted_names_are_names_inside_the_image()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var (image, notes) = await AddAsync(test, tar => tar.File("/etc/motd", "absolute\n").Directory("a/").File("a/../b", "dotted\n").File("./c/./d", "dot\n"));
        Assert.Equal("absolute\ndotted\ndot\n", await test.InsideAsync(image.Digest, "cat etc/motd b c/d"));
        Assert.Empty(notes);
    }

    [Fact]
    public async Task Links_on_the_way_to_a_name_lead_inside_the_image()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var (image, _) = await AddAsync(test, tar => tar
            .Directory("usr/lib").Symlink("lib", "/usr/lib").File("lib/one", "1\n")
            .Symlink("up", "../../../..").File("up/two", "2\n")
            .Directory("a").Symlink("a/b", "..").Symlink("chain", "a/b/../../usr").File("chain/lib/three", "3\n")
            .Directory("d").File("d/old").Symlink("d", "/usr/lib").File("d/four", "4\n"));
        Assert.Equal("1\n2\n3\n4\n", await test.InsideAsync(image.Digest, "cat usr/lib/one two usr/lib/three usr/lib/four"));
    }

    [Fact]
    public async Task Hard_links_may_name_links_pipes_and_absolute_targets()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var (image, _) = await AddAsync(test, tar => tar
            .Directory("etc").File("etc/passwd", "root\n").HardLink("absolute", "/etc/passwd")
            .Symlink("conf", "etc").HardLink("through", "conf/passwd")
            .Symlink("link", "/etc/shadow").HardLink("second", "link")
            .Fifo("pipe").HardLink("piped", "./pipe"));
        Assert.Equal(
            "root root /etc/shadow fifo 3\n",
            await test.InsideAsync(image.Digest, "echo $(cat absolute) $(cat through) $(readlink second) $(stat -c %F piped) $(stat -c %h etc/passwd)"));
    }

    [Fact]
    public async Task Device_nodes_and_entries_of_unknown_types_are_skipped_and_reported()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var (image, notes) = await AddAsync(test, tar => tar
            .Device("disk", 8, 0).Device("dev/null", 1, 3).Device("var/lib/udev/null", 1, 3).Device("etc", 0, 0)
            .OfType('V', "label", "a volume's label").File("file", "kept\n"));
        Assert.Equal("file\nkept\n", await test.InsideAsync(image.Digest, "find . -type f -printf '%P\\n'; cat file; find . -type c"));
        Assert.Equal(["Skipped a device node: 'disk' and 2 more.", "Skipped an entry of an unknown type: 'label'."], notes);
    }

    [Fact]
    public async Task Owners_above_the_range_become_nobody_and_are_reported()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var (image, notes) = await AddAsync(test, tar => tar
            .File("user", uid: 65_536).File("group", gid: 100_000)
            .Pax("uid", "4294967295"u8.ToArray()).File("pax").Pax("gid", "-2"u8.ToArray()).File("negative").File("fine", uid: 65_535));
        Assert.Equal(
            "65534:0 0:65534 65534:0 0:65534 65535:0\n",
            await test.InsideAsync(image.Digest, "echo $(stat -c %u:%g user group pax negative fine)"));
        Assert.Equal(["Gave a file whose owner is above 65535 to nobody (65534): 'user' and 3 more."], notes);
    }

    [Fact]
    public async Task Attributes_that_are_not_kept_are_reported()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var (image, notes) = await AddAsync(test, tar => tar
            .Pax("SCHILY.xattr.trusted.overlay.redirect", "/etc"u8.ToArray()).Directory("evil")
            .Pax("SCHILY.xattr.user.note", "hi"u8.ToArray()).File("file"));
        Assert.Equal("user.note=\"hi\"\n", await test.InsideAsync(image.Digest, "getfattr -d file | grep note; getfattr -m - evil"));
        Assert.Equal(["Skipped the attribute trusted.overlay.redirect: 'evil'."], notes);
    }

    [Theory]
    [InlineData("--format=gnu")]
    [InlineData("--format=posix --sparse-version=0.0")]
    [InlineData("--format=posix --sparse-version=0.1")]
    [InlineData("--format=posix --sparse-version=1.0")]
    public async Task Sparse_files_of_GNU_tar_keep_their_content_and_their_holes(string format)
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var tar = await SparseTarAsync(test, format);
        var image = await test.AddAsync(new ImageBuilder().Layer(tar, ImageBuilder.Gzip(tar), "tar+gzip", null));
        var seen = await test.InsideAsync(image.Digest, "sha256sum many holes | cut -c 1-64; stat -c %s many holes; du -k --apparent-size many; du -k many; stat -c %a many");
        var made = (await test.Tool.RunOrThrowAsync("sh", ["-c", $"cd {test.Directory}/sparse && sha256sum many holes | cut -c 1-64; stat -c %s many holes; du -k --apparent-size many"], cancellationToken: Now)).Text;
        var lines = seen.Split('\n');
        Assert.Equal(made.Split('\n')[..5], lines[..5]);
        Assert.True(long.Parse(lines[5].Split('\t')[0], CultureInfo.InvariantCulture) < 4096, "the holes were written");
        Assert.Equal("640", lines[6]);
    }

    [Fact]
    public async Task A_compressed_docker_archive_comes_in()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var archive = ImageBuilder.DockerArchive(new TarBuilder().File("a", "one\n"));
        var plain = await test.AddAsync(StoreUnderTest.Docker(archive));
        Assert.Equal(plain.Digest, (await test.AddAsync(StoreUnderTest.Docker(ImageBuilder.Gzip(archive)))).Digest);
        Assert.Equal(plain.Digest, (await test.AddAsync(StoreUnderTest.Docker(await ZstdAsync(test, archive)))).Digest);
    }

    [Fact]
    public async Task A_zstd_compressed_oci_archive_comes_in()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var built = new ImageBuilder().Layer(new TarBuilder().File("a"));
        Assert.Equal(built.Digest, (await test.AddAsync(StoreUnderTest.Oci(await ZstdAsync(test, built.OciArchive())))).Digest);
    }

    [Fact]
    public async Task Of_a_docker_archive_with_two_images_the_first_is_taken_and_that_is_reported()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var (image, notes) = await AddAsync(test, StoreUnderTest.Docker(ImageBuilder.DockerArchiveOfTwo(new TarBuilder().File("first"), new TarBuilder().File("second"))));
        Assert.Equal("first\n", await test.InsideAsync(image.Digest, "ls"));
        Assert.Equal(["Took the first image of an archive that holds several: 'archive.tar'."], notes);
    }

    [Theory]
    [InlineData("application/vnd.docker.image.rootfs.diff.tar.zstd", true)]
    [InlineData("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", false)]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", false)]
    public async Task Media_types_of_layers_that_Docker_knows_are_known(string type, bool zstd)
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var tar = new TarBuilder().File("a").Build();
        var image = await test.AddAsync(new ImageBuilder().LayerOfType(tar, zstd ? await ZstdAsync(test, tar) : ImageBuilder.Gzip(tar), type));
        Assert.Equal("content\n", await test.InsideAsync(image.Digest, "cat a"));
    }

    private static async Task<byte[]> ZstdAsync(StoreUnderTest test, byte[] bytes) =>
        (await test.Tool.RunOrThrowAsync("zstd", ["-qc"], bytes, Now)).Stdout;

    private static async Task<byte[]> SparseTarAsync(StoreUnderTest test, string format)
    {
        const string make = """
            mkdir sparse && cd sparse && printf start > many
            for i in $(seq 1 200); do printf "piece $i" | dd of=many bs=1 seek=$((i * 65536 + i)) conv=notrunc status=none; done
            truncate -s 20000001 many && chmod 640 many && truncate -s 5000000 holes
            """;
        await test.Tool.RunOrThrowAsync("sh", ["-ec", $"cd {test.Directory}\n{make}\ntar -c -S {format} -f ../sparse.tar many holes"], cancellationToken: Now);
        return await File.ReadAllBytesAsync(Path.Combine(test.Directory, "sparse.tar"), Now);
    }

    private static Task<(StoredImage Image, IReadOnlyList<string> Notes)> AddAsync(StoreUnderTest test, Func<TarBuilder, TarBuilder> fill) =>
        AddAsync(test, StoreUnderTest.Oci(new ImageBuilder().Layer(fill(new TarBuilder())).OciArchive()));

    private static async Task<(StoredImage Image, IReadOnlyList<string> Notes)> AddAsync(StoreUnderTest test, ImageSource source)
    {
        var last = new ImageProgress(0, "");
        await foreach (var progress in test.Store.AddAsync(source, Now))
        {
            last = progress;
        }

        return (last.Image!, last.Notes);
    }
}
