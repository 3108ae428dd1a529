using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using Sandbox.Core.Images;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Web.Exports;
using Sandbox.Web.Links;

namespace Sandbox.Web.LinkArchives;

/// <summary>Writes a link as the tar of an OCI image layout, one piece after the other. The same link gives the same bytes.</summary>
internal sealed class LockArchiveWriting(ISandboxRuntime runtime)
{
    private const int Piece = 64 * 1024;

    /// <summary>The archive. Code: ImageNotFound.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> WriteAsync(EnteredLink link, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var piece in Whole("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray()))
        {
            yield return piece;
        }

        var blobs = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var image in link.Images.Select(image => image.Digest!.Value).Distinct())
        {
            await foreach (var piece in BlobsAsync(image, blobs, cancellationToken))
            {
                yield return piece;
            }
        }

        var recipe = RecipeJson.Write(link.Recipe);
        var row = link.Link.Lock!;
        var note = JsonSerializer.SerializeToUtf8Bytes(
            new LockNote(link.Link.Title, row.Architecture, row.Kernel, row.Isolation, [.. link.Images.Select(image => image.Name)]), LockArchive.Json);
        var manifest = JsonSerializer.SerializeToUtf8Bytes(
            new BlobManifest(
                2,
                LockArchive.ManifestType,
                LockArchive.ArtifactType,
                Describe(LockArchive.RecipeType, recipe),
                [Describe(LockArchive.NoteType, note), .. blobs.OrderBy(blob => blob.Key, StringComparer.Ordinal).Select(blob => new BlobDescriptor(LockArchive.BlobType, "sha256:" + blob.Key, blob.Value))]),
            LockArchive.Json);
        var described = Describe(LockArchive.ManifestType, manifest) with
        {
            ArtifactType = LockArchive.ArtifactType,
            Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { ["org.opencontainers.image.ref.name"] = link.Link.Hash },
        };
        var index = JsonSerializer.SerializeToUtf8Bytes(new BlobIndex(2, LockArchive.IndexType, [described]), LockArchive.Json);
        (string, byte[])[] files =
        [
            .. new[] { recipe, note, manifest }.Select(bytes => (LockArchive.BlobPrefix + Hex(bytes), bytes)).Where(file => !blobs.ContainsKey(file.Item1[LockArchive.BlobPrefix.Length..])),
            (LockArchive.IndexName, index),
        ];
        foreach (var piece in files.SelectMany(file => Whole(file.Item1, file.Item2)))
        {
            yield return piece;
        }

        yield return TarFrame.End;
    }

    /// <summary>The blobs of an image, as the runtime's own archive has them, without those that were written.</summary>
    private async IAsyncEnumerable<ReadOnlyMemory<byte>> BlobsAsync(Digest image, Dictionary<string, long> blobs, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 4 * Piece, resumeWriterThreshold: 2 * Piece, useSynchronizationContext: false));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var filling = FillAsync(pipe.Writer, image, stop.Token);
        try
        {
            await using var tar = pipe.Reader.AsStream();
            var scan = new TarScan(tar);
            while (await scan.NextAsync(cancellationToken) is var (name, size))
            {
                if (name?.StartsWith(LockArchive.BlobPrefix, StringComparison.Ordinal) != true || !blobs.TryAdd(name[LockArchive.BlobPrefix.Length..], size))
                {
                    await scan.SkipAsync(size, cancellationToken);
                    continue;
                }

                yield return TarFrame.Header(name, size);
                for (var rest = TarScan.Padded(size); rest > 0;)
                {
                    var piece = new byte[Math.Min(rest, Piece)];
                    await tar.ReadExactlyAsync(piece, cancellationToken);
                    rest -= piece.Length;
                    yield return piece;
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await filling.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task FillAsync(PipeWriter writer, Digest image, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var piece in runtime.Images.ExportAsync(image, ArchiveKind.Oci, name: null, cancellationToken))
            {
                var flushed = await writer.WriteAsync(piece, cancellationToken);
                if (flushed.IsCompleted)
                {
                    break;
                }
            }

            await writer.CompleteAsync();
        }
        catch (Exception fault)
        {
            // The reader gets it.
            await writer.CompleteAsync(fault);
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Whole(string name, byte[] content) => [TarFrame.Header(name, content.Length), content, TarFrame.Padding(content.Length)];

    private static BlobDescriptor Describe(string type, byte[] content) => new(type, "sha256:" + Hex(content), content.Length);

    private static string Hex(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
