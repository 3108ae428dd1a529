using System.Formats.Tar;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Core.Snapshots;
using Xunit;

namespace Sandbox.Testing;

/// <summary>The suite of <see cref="IImages"/>.</summary>
public abstract class ImagesConformance(RuntimeUnderTest under) : RuntimeConformance(under)
{
    [Fact]
    public async Task Stored_images_are_listed_with_their_layers()
    {
        var image = Assert.Single(await Runtime.Images.ListAsync(Cancellation), image => image.Digest == InteractiveImage);

        Assert.True(image.Config.IsInteractive);
        Assert.NotEmpty(image.Layers);
        Assert.True(image.Size > 0);
    }

    [Fact]
    public async Task An_unknown_image_recipe_is_ImageNotFound() =>
        await FailsAsync(ErrorCode.ImageNotFound, () => DrainAsync(Runtime.Images.AddAsync(new ImageSource.Recipe("no-such-recipe"), Cancellation)));

    [Theory]
    [InlineData(ArchiveKind.Oci)]
    [InlineData(ArchiveKind.Docker)]
    public async Task An_archive_that_is_none_is_ImageInvalid_and_adds_nothing(ArchiveKind kind)
    {
        var before = await ImageDigestsAsync();
        var rubbish = Enumerable.Repeat((byte)'x', 100_000).ToArray();

        await FailsAsync(ErrorCode.ImageInvalid, () => DrainAsync(Runtime.Images.AddAsync(new ImageSource.Archive(kind, Pieces(rubbish)), Cancellation)));

        Assert.Equal(before, await ImageDigestsAsync());
    }

    [Fact]
    public async Task An_empty_archive_is_ImageInvalid() =>
        await FailsAsync(ErrorCode.ImageInvalid, () => DrainAsync(Runtime.Images.AddAsync(new ImageSource.Archive(ArchiveKind.Oci, Pieces([])), Cancellation)));

    [Fact]
    public async Task Removing_an_unknown_image_is_no_fault() =>
        await Runtime.Images.RemoveAsync(UnknownImage, Cancellation);

    [Fact]
    public async Task An_image_in_use_is_not_removed()
    {
        await CreateAsync();

        await FailsAsync(ErrorCode.ImageInUse, () => Runtime.Images.RemoveAsync(InteractiveImage, Cancellation));

        Assert.Contains(InteractiveImage, await ImageDigestsAsync());
    }

    [Fact]
    public async Task Offering_an_unknown_image_is_no_fault_and_a_wrong_name_is_one()
    {
        await Runtime.Images.OfferAsync(ImageAudience.Everyone, new Dictionary<string, Digest>(StringComparer.Ordinal) { ["library/unknown:latest"] = UnknownImage }, Cancellation);

        foreach (var name in (string[])["untagged", "../climb:latest", "library/../../etc:latest", "UPPER:latest", "a:..", "a:b/c", "/a:b", "a/:b", ""])
        {
            await FailsAsync(ErrorCode.Invalid, () => Runtime.Images.OfferAsync(ImageAudience.Everyone, new Dictionary<string, Digest>(StringComparer.Ordinal) { [name] = InteractiveImage }, Cancellation));
        }
    }

    [Theory]
    [InlineData(ArchiveKind.Oci, "index.json")]
    [InlineData(ArchiveKind.Docker, "manifest.json")]
    public async Task An_export_is_an_archive_of_its_form(ArchiveKind form, string index)
    {
        using var archive = new MemoryStream();
        await foreach (var piece in Runtime.Images.ExportAsync(InteractiveImage, form, "playground:latest", Cancellation))
        {
            archive.Write(piece.Span);
        }

        archive.Position = 0;
        using var tar = new TarReader(archive);
        var names = new List<string>();
        while (await tar.GetNextEntryAsync(cancellationToken: Cancellation) is { } entry)
        {
            names.Add(entry.Name);
        }

        Assert.Contains(index, names, StringComparer.Ordinal);
    }

    [Fact]
    public async Task The_changes_of_an_image_are_what_was_made_and_what_was_deleted()
    {
        var id = (await CreateAsync()).Id;
        await WriteAsync(id, "/root/one", "one");
        var saved = (await Runtime.Sandboxes.SnapshotAsync(id, SnapshotSpec.All, Cancellation)).Image;
        try
        {
            var difference = await Runtime.Images.CompareAsync(saved.Digest, InteractiveImage, Cancellation);
            using var archive = new MemoryStream();
            await foreach (var piece in Runtime.Images.ReadChangesAsync(saved.Digest, InteractiveImage, Cancellation))
            {
                archive.Write(piece.Span);
            }

            Assert.Empty(difference.Deleted);
            Assert.Equal(difference.TarBytes, archive.Length);
            archive.Position = 0;
            using var tar = new TarReader(archive);
            var names = new List<string>();
            while (await tar.GetNextEntryAsync(cancellationToken: Cancellation) is { } entry)
            {
                names.Add(entry.Name);
            }

            Assert.Contains("root/one", names, StringComparer.Ordinal);
            Assert.Equal(difference.Entries, names.Count);
            Assert.Equal((0L, 0L, 0), Numbers(await Runtime.Images.CompareAsync(InteractiveImage, InteractiveImage, Cancellation)));
            await FailsAsync(ErrorCode.Invalid, () => Runtime.Images.CompareAsync(InteractiveImage, saved.Digest, Cancellation));
            await FailsAsync(ErrorCode.ImageNotFound, () => Runtime.Images.CompareAsync(UnknownImage, InteractiveImage, Cancellation));
            await FailsAsync(ErrorCode.ImageNotFound, () => DrainAsync(Runtime.Images.ReadChangesAsync(saved.Digest, UnknownImage, Cancellation)));
            Assert.Equal(InteractiveImage, ImageLineage.FindBase(saved, await Runtime.Images.ListAsync(Cancellation))?.Digest);
        }
        finally
        {
            await Runtime.Images.RemoveAsync(saved.Digest, Cancellation);
        }

        static (long, long, int) Numbers(ImageDifference difference) => (difference.Entries, difference.TarBytes, difference.Deleted.Count);
    }

    [Fact]
    public async Task Artifacts_come_only_from_registries_that_the_operator_allows()
    {
        foreach (var reference in new[] { "registry.example.org/links/mine:1", "127.0.0.1:5000/links/mine:1", "--option" })
        {
            await FailsAsync(ErrorCode.Invalid, () => DrainAsync(Runtime.Images.FetchArtifactAsync(reference, 1 << 20, Cancellation)));
        }
    }

    [Fact]
    public async Task Exporting_an_unknown_image_or_under_a_bad_name_is_refused()
    {
        await FailsAsync(ErrorCode.ImageNotFound, () => DrainAsync(Runtime.Images.ExportAsync(UnknownImage, ArchiveKind.Oci, null, Cancellation)));
        await FailsAsync(ErrorCode.Invalid, () => DrainAsync(Runtime.Images.ExportAsync(InteractiveImage, ArchiveKind.Docker, "--no name", Cancellation)));
    }
}
