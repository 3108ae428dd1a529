using System.Runtime.CompilerServices;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// Fetches an artifact with skopeo from a registry that the operator allows, and passes it on unread: nothing of it comes
/// into the store. The reader checks its digests.
/// </summary>
internal sealed class ArtifactFetch(DaemonOptions options, Reserves reserves, Tool tool, ImageStore images)
{
    private const string DefaultHost = "docker.io";
    private const int ChunkLength = 64 * 1024;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private readonly DiskReserve _reserve = new(options.DataDirectory, reserves.DiskForImages);

    /// <summary>The tar of its layout, in pieces. Codes: Invalid, ImageNotFound, RegistryUnreachable, TooLarge, Timeout, DiskFull.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> RunAsync(string text, long most, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reference = ImageReference.TryParse(text)
            ?? throw new SandboxException(ErrorCode.Invalid, $"'{ImageManifest.Shown(text)}' is not a registry reference. Write it as docker pull takes it: ghcr.io/owner/link:tag.");
        var host = reference.Host.Length == 0 ? DefaultHost : reference.Host;
        if (!options.LinkRegistries.Contains(host, StringComparer.OrdinalIgnoreCase))
        {
            throw new SandboxException(ErrorCode.Invalid, options.LinkRegistries.Count == 0
                ? "This server takes no links from registries. Send the archive itself."
                : $"This server takes links from {string.Join(", ", options.LinkRegistries)}, not from {ImageManifest.Shown(host)}. Send the archive itself, or ask the operator.");
        }

        // The directory goes at once; the open file stays until it was read.
        await using var archive = await images.WithIncomingAsync($"fetching {reference}", incoming => FetchAsync(reference, most, incoming, cancellationToken));
        if (archive.Length > most)
        {
            throw new SandboxException(ErrorCode.TooLarge, $"The artifact is larger than {most >> 20} MiB, the most this host takes in.");
        }

        while (true)
        {
            var piece = new byte[ChunkLength];
            var read = await archive.ReadAsync(piece, cancellationToken);
            if (read == 0)
            {
                yield break;
            }

            yield return piece.AsMemory(0, read);
        }
    }

    private async Task<FileStream> FetchAsync(ImageReference reference, long most, string incoming, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Longest);
        try
        {
            // skopeo writes the blobs, and then the archive of them.
            var skopeo = new Skopeo(tool, _reserve, Math.Min(2 * Math.Clamp(most, 0, long.MaxValue / 4), options.MaxImageBytes));
            return File.OpenRead(await skopeo.FetchArtifactAsync(reference, incoming, limit.Token));
        }
        catch (OperationCanceledException timeout) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SandboxException(ErrorCode.Timeout, $"The registry of {reference} did not send it within {Longest.TotalMinutes:0} minutes.", timeout);
        }
    }
}
