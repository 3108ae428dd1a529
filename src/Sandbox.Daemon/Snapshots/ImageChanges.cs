using System.Runtime.CompilerServices;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Snapshots;

/// <summary>
/// The changes of an image's layers above another image, for <c>ADD changes.tar /</c> in a Dockerfile: the tar holds no
/// whiteouts, because only the layers of images have them. The same two images give the same bytes.
/// </summary>
internal sealed class ImageChanges(ImageStore images)
{
    private const int ChunkLength = 64 * 1024;
    private const int BlockSize = 512;

    private static readonly SandboxOwners Owners = new(0);

    /// <summary>What was deleted, and the size of the tar. Codes: ImageNotFound, Invalid.</summary>
    public async Task<ImageDifference> CompareAsync(Digest image, Digest below, CancellationToken cancellationToken)
    {
        using var held = Hold(image, below);
        return await images.WithIncomingAsync($"comparing {image}", async incoming =>
        {
            using var views = await OpenAsync(held, incoming);
            return await Task.Factory.StartNew(() => Compare(views, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        });
    }

    /// <summary>The tar, in pieces. Codes: ImageNotFound, Invalid.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(Digest image, Digest below, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var held = Hold(image, below);
        var incoming = images.Files.MakeIncoming();
        try
        {
            using var views = await OpenAsync(held, incoming);
            using var headers = new MemoryStream();
            var tar = new TarWriting(headers);
            var isEmpty = true;
            foreach (var present in Present(views))
            {
                cancellationToken.ThrowIfCancellationRequested();
                isEmpty = false;
                var entry = LayerPacking.Describe(present, Owners);
                tar.Write(entry);
                if (entry.Size > 0 && present.Inode is { } inode)
                {
                    using var file = inode.Reopen();
                    for (long position = 0; position < entry.Size;)
                    {
                        if (headers.Length > 0)
                        {
                            yield return Take(headers);
                        }

                        var chunk = new byte[Math.Min(ChunkLength, entry.Size - position)];
                        var read = file.Read(chunk, position);
                        if (read == 0)
                        {
                            throw new IOException("a file of a layer is shorter than its status says");
                        }

                        yield return chunk.AsMemory(0, read);
                        position += read;
                    }
                }
                else if (headers.Length >= ChunkLength)
                {
                    yield return Take(headers);
                }
            }

            if (!isEmpty)
            {
                tar.Finish();
                yield return Take(headers);
            }
        }
        finally
        {
            await images.Files.RemoveAsync(incoming, CancellationToken.None);
        }
    }

    private static ImageDifference Compare(Views views, CancellationToken cancellationToken)
    {
        var deleted = new List<SandboxPath>();
        long entries = 0;
        using var headers = new MemoryStream();
        var tar = new TarWriting(headers);
        long bytes = 0;
        foreach (var change in new TreeDifference(views.Image, views.Below).Changes())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (change is LayerChange.Deleted or LayerChange.Present { IsReplaced: true })
            {
                deleted.Add(SandboxPath.TryParse([(byte)'/', .. change.Path], out var path) ? path : throw new SandboxException(ErrorCode.TooLarge, "Directories of the image are nested too deeply."));
            }

            if (change is LayerChange.Present present)
            {
                entries++;
                var entry = LayerPacking.Describe(present, Owners);
                tar.Write(entry);
                tar.Skip();
                bytes += headers.Length + Padded(entry.Size);
                headers.SetLength(0);
            }
        }

        return new ImageDifference { Deleted = deleted, Entries = entries, TarBytes = entries == 0 ? 0 : bytes + (2 * BlockSize) };
    }

    private static IEnumerable<LayerChange.Present> Present(Views views) => new TreeDifference(views.Image, views.Below).Changes().OfType<LayerChange.Present>();

    private static long Padded(long size) => (size + BlockSize - 1) / BlockSize * BlockSize;

    private static ReadOnlyMemory<byte> Take(MemoryStream headers)
    {
        var bytes = headers.ToArray();
        headers.SetLength(0);
        return bytes;
    }

    private async Task<Views> OpenAsync(Held held, string incoming)
    {
        var image = await LowerView.OpenAsync(Stack(held.Image), incoming);
        try
        {
            return new Views(image, await LowerView.OpenAsync(Stack(held.Below), incoming, isBelow: true));
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private IReadOnlyList<string> Stack(UnpackedImage image) => [.. image.DiffIds.Reverse().Distinct().Select(images.Files.Layer)];

    private Held Hold(Digest image, Digest below)
    {
        var one = images.Acquire(image);
        try
        {
            var other = images.Acquire(below);
            if (ImageLineage.IsBuiltOn(one.Image, other.Image))
            {
                return new Held(one, other);
            }

            other.Dispose();
            throw new SandboxException(ErrorCode.Invalid, "The image is not built on the other one: its first layers are different.");
        }
        catch
        {
            one.Dispose();
            throw;
        }
    }

    private sealed record Held(UnpackedImage Image, UnpackedImage Below) : IDisposable
    {
        public void Dispose()
        {
            Image.Dispose();
            Below.Dispose();
        }
    }

    private sealed record Views(LowerView Image, LowerView Below) : IDisposable
    {
        public void Dispose()
        {
            Below.Dispose();
            Image.Dispose();
        }
    }
}
