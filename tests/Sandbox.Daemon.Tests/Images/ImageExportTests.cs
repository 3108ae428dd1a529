using System.Text.Json.Nodes;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Daemon.Images;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

/// <summary>Images that leave, read by real skopeo and by another store.</summary>
public sealed class ImageExportTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Another_store_gets_the_same_digest_from_the_oci_form()
    {
        await using var one = await StoreUnderTest.OpenAsync();
        await using var other = await StoreUnderTest.OpenAsync();
        var image = await one.AddAsync(new ImageBuilder().Layer(new TarBuilder().File("a")).PlainLayer(new TarBuilder().File("b", "two\n")));
        var archive = await ExportAsync(one, image.Digest, ArchiveKind.Oci);
        Assert.Equal(image.Digest, (await other.AddAsync(StoreUnderTest.Oci(archive))).Digest);
        Assert.Equal(archive, await ExportAsync(other, image.Digest, ArchiveKind.Oci));
        Assert.Equal("two\n", await other.InsideAsync(image.Digest, "cat b"));
    }

    [Fact]
    public async Task Skopeo_takes_both_forms()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var image = await test.AddAsync(new ImageBuilder().Layer(new TarBuilder().File("a")).PlainLayer(new TarBuilder().File("b")));
        foreach (var (form, transport) in ((ArchiveKind, string)[])[(ArchiveKind.Oci, "oci-archive"), (ArchiveKind.Docker, "docker-archive")])
        {
            var file = Path.Combine(test.Directory, transport + ".tar");
            await File.WriteAllBytesAsync(file, await ExportAsync(test, image.Digest, form, "playground:v1"), Now);
            var copy = Path.Combine(test.Directory, transport);
            await test.Tool.RunOrThrowAsync("skopeo", ["copy", "--quiet", $"{transport}:{file}", $"dir:{copy}"], cancellationToken: Now);
            var manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(copy, "manifest.json"), Now))!;
            Assert.Equal(2, manifest["layers"]!.AsArray().Count);
            if (form == ArchiveKind.Oci)
            {
                Assert.Equal(image.Digest, ImageManifest.DigestOf(await File.ReadAllBytesAsync(Path.Combine(copy, "manifest.json"), Now)));
            }
        }
    }

    [Fact]
    public async Task An_image_is_not_removed_while_it_is_exported()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var image = await test.AddAsync(new ImageBuilder().Layer(new TarBuilder().File("a")));
        await using (var pieces = new ImageExport(test.Store).RunAsync(image.Digest, ArchiveKind.Oci, null, Now).GetAsyncEnumerator(Now))
        {
            Assert.True(await pieces.MoveNextAsync());
            Assert.Equal(ErrorCode.ImageInUse, (await Assert.ThrowsAsync<SandboxException>(() => test.Store.RemoveAsync(image.Digest, Now))).Code);
        }

        await test.Store.RemoveAsync(image.Digest, Now);
    }

    private static async Task<byte[]> ExportAsync(StoreUnderTest test, Digest digest, ArchiveKind form, string? name = null)
    {
        using var archive = new MemoryStream();
        await foreach (var piece in new ImageExport(test.Store).RunAsync(digest, form, name, Now))
        {
            archive.Write(piece.Span);
        }

        return archive.ToArray();
    }
}
