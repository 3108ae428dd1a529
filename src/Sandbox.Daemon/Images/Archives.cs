using System.Globalization;
using System.Text;
using Sandbox.Core.Errors;

namespace Sandbox.Daemon.Images;

/// <summary>Receives uploaded archives, and unpacks OCI ones: only the files of an image layout are extracted.</summary>
internal static class Archives
{
    private const int MaxEntries = 10_000;

    /// <summary>Writes an upload to a file.</summary>
    public static async Task ReceiveAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> content, string path, long maxBytes, DiskReserve reserve, WorkReport report, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 128 * 1024, useAsync: true);
        long received = 0;
        long checkAt = 0;
        await foreach (var chunk in content.WithCancellation(cancellationToken))
        {
            received += chunk.Length;
            if (received > maxBytes)
            {
                throw new SandboxException(ErrorCode.TooLarge, string.Create(CultureInfo.InvariantCulture, $"The archive is larger than {maxBytes >> 20} MiB, the most this host takes in."));
            }

            if (received >= checkAt)
            {
                reserve.Check(chunk.Length);
                report.Say(string.Create(CultureInfo.InvariantCulture, $"receiving the archive, {received >> 20} MiB"));
                checkAt = received + (4 << 20);
            }

            await file.WriteAsync(chunk, cancellationToken);
        }

        if (received == 0)
        {
            throw ImageManifest.Invalid("the archive is empty");
        }
    }

    /// <summary>Decompresses an archive: skopeo reads plain ones.</summary>
    /// <returns>Whether it was compressed.</returns>
    public static bool Decompress(string archive, UnpackBudget budget, CancellationToken cancellationToken)
    {
        var plain = archive + ".plain";
        using (var content = Decompression.Open(new FileStream(archive, FileMode.Open, FileAccess.Read)))
        {
            if (content is FileStream)
            {
                return false;
            }

            using var output = new FileStream(plain, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
            var buffer = new byte[128 * 1024];
            for (int read; (read = content.Read(buffer)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                budget.Spend(read);
                output.Write(buffer, 0, read);
            }
        }

        File.Move(plain, archive, overwrite: true);
        return true;
    }

    /// <summary>Extracts the image layout from a tar, which may be compressed.</summary>
    public static FetchedImage ReadLayout(string archive, string incoming, UnpackBudget budget, CancellationToken cancellationToken)
    {
        var layout = Path.Combine(incoming, "layout");
        var blobs = Path.Combine(layout, "blobs", "sha256");
        Directory.CreateDirectory(blobs);
        using var plain = Decompression.Open(new FileStream(archive, FileMode.Open, FileAccess.Read));
        var reading = new TarReading(plain);
        var buffer = new byte[128 * 1024];
        for (var count = 0; reading.Next() is { } entry; count++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (count == MaxEntries)
            {
                throw ImageManifest.Invalid($"the archive has more than {MaxEntries} entries");
            }

            var name = Encoding.UTF8.GetString(entry.Name);
            name = name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;
            if (entry.Kind != TarKind.File || Target(name, layout, blobs) is not { } target)
            {
                continue;
            }

            if (File.Exists(target))
            {
                throw ImageManifest.Invalid($"the archive has {name} twice");
            }

            using var output = new FileStream(target, FileMode.CreateNew, FileAccess.Write);
            long offset = 0;
            for (int read; (read = reading.Read(buffer, ref offset)) > 0; offset += read)
            {
                cancellationToken.ThrowIfCancellationRequested();
                budget.Spend(read);
                output.Position = offset;
                output.Write(buffer, 0, read);
            }

            if (entry.Sparse is { } map)
            {
                budget.Spend(map.Length);
                output.SetLength(map.Length);
            }
        }

        return FetchedImage.FromLayout(layout);
    }

    private static string? Target(string name, string layout, string blobs)
    {
        const string prefix = "blobs/sha256/";
        if (name == "index.json")
        {
            return Path.Combine(layout, name);
        }

        return name.StartsWith(prefix, StringComparison.Ordinal) && Core.Images.Digest.TryParse("sha256:" + name[prefix.Length..], out var digest)
            ? Path.Combine(blobs, digest.Hex)
            : null;
    }
}
