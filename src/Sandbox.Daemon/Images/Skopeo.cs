using System.Text.RegularExpressions;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// Fetches with skopeo into its <c>dir:</c> form, never into <c>oci:</c>: that would rewrite Docker's manifests, and a
/// lock pins the digest that the registry shows. A watch bounds the bytes it writes, because a registry may send for
/// ever.
/// https://github.com/containers/skopeo/blob/main/docs/skopeo-copy.1.md
/// </summary>
internal sealed partial class Skopeo(Tool tool, DiskReserve reserve, long maxBytes)
{
    private static readonly TimeSpan WatchEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>The manifest of a reference for this machine: the reference, pinned, and the size of its blobs.</summary>
    public async Task<(string Pinned, ImageManifest Manifest)> InspectAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var name = reference.ToString();
        for (var depth = 0; depth < 3; depth++)
        {
            var result = await tool.RunAsync("skopeo", ["inspect", "--raw", .. Tls("--tls-verify", reference), "--", $"docker://{name}"], cancellationToken: cancellationToken);
            if (!result.Ok)
            {
                throw RegistryFault(reference, result);
            }

            if (result.Stdout.Length > ImageManifest.MaxDocumentBytes)
            {
                throw ImageManifest.Invalid("its manifest is larger than 1 MiB");
            }

            if (ImageManifest.Choose(result.Stdout) is not { } chosen)
            {
                var manifest = ImageManifest.Read(result.Stdout);
                return (reference.At(manifest.Self.Digest), manifest);
            }

            name = reference.At(chosen.Digest);
        }

        throw ImageManifest.Invalid("its indexes are nested too deep");
    }

    /// <summary>Copies an image out of a registry.</summary>
    public async Task<FetchedImage> FetchAsync(ImageReference reference, string pinned, long size, string incoming, WorkReport report, CancellationToken cancellationToken)
    {
        var target = Path.Combine(incoming, "fetched");
        var result = await CopyAsync(
            [.. Tls("--src-tls-verify", reference), "--", $"docker://{pinned}", $"dir:{target}"], incoming, bytes => report.Fraction(bytes, size, $"fetching {reference}"), cancellationToken);
        return result.Ok ? FetchedImage.FromSkopeo(target) : throw RegistryFault(reference, result);
    }

    /// <summary>Copies whatever a reference names out of a registry, unread, into the archive of an OCI layout. Returns its path.</summary>
    public async Task<string> FetchArtifactAsync(ImageReference reference, string incoming, CancellationToken cancellationToken)
    {
        var target = Path.Combine(incoming, "artifact.tar");
        var result = await CopyAsync([.. Tls("--src-tls-verify", reference), "--", $"docker://{reference}", $"oci-archive:{target}"], incoming, _ => { }, cancellationToken);
        return result.Ok ? target : throw RegistryFault(reference, result);
    }

    /// <summary>Copies an image out of an archive of <c>docker save</c>.</summary>
    public async Task<FetchedImage> ReadDockerArchiveAsync(string archive, string incoming, WorkReport report, CancellationToken cancellationToken)
    {
        var target = Path.Combine(incoming, "fetched");
        var size = new FileInfo(archive).Length;
        var result = await ReadAsync("");
        if (!result.Ok && SeveralImages().IsMatch(result.Complaint))
        {
            report.Notes.Add("Took the first image of an archive that holds several", Path.GetFileName(archive));
            result = await ReadAsync(":@0");
        }

        return result.Ok ? FetchedImage.FromSkopeo(target)
            : IsDiskFull(result) ? throw DiskReserve.Full()
            : throw ImageManifest.Invalid(Complaint(result, incoming).Replace(archive, "the archive", StringComparison.Ordinal).TrimEnd('.'));

        Task<ToolResult> ReadAsync(string which) => CopyAsync(
            ["--", $"docker-archive:{archive}{which}", $"dir:{target}"], incoming, bytes => report.Fraction(bytes - size, size, "reading the archive"), cancellationToken);
    }

    private async Task<ToolResult> CopyAsync(IReadOnlyList<string> arguments, string incoming, Action<long> progress, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        SandboxException? fault = null;
        var copy = tool.RunAsync("skopeo", ["--override-os", "linux", "--override-arch", "amd64", "--tmpdir", incoming, "copy", "--quiet", .. arguments], cancellationToken: stop.Token);
        var before = Weigh(incoming);
        while (await Task.WhenAny(copy, Task.Delay(WatchEvery, CancellationToken.None)) != copy)
        {
            try
            {
                reserve.Check();
                var bytes = Weigh(incoming);
                if (bytes - before > maxBytes)
                {
                    throw new SandboxException(ErrorCode.TooLarge, "The image is larger than this host takes in.");
                }

                progress(bytes);
            }
            catch (SandboxException exception)
            {
                fault = exception;
                await stop.CancelAsync();
                break;
            }
        }

        try
        {
            return await copy;
        }
        catch (OperationCanceledException) when (fault is not null)
        {
            throw fault;
        }
    }

    private static string[] Tls(string option, ImageReference reference) => reference.IsLoopback ? [$"{option}=false"] : [];

    private static long Weigh(string directory)
    {
        long bytes = 0;
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            try
            {
                bytes += file.Length;
            }
            catch (IOException)
            {
                // It was renamed meanwhile.
            }
        }

        return bytes;
    }

    private static SandboxException RegistryFault(ImageReference reference, ToolResult result)
    {
        var complaint = Complaint(result, "/");
        if (IsDiskFull(result))
        {
            return DiskReserve.Full();
        }

        if (NotThere().IsMatch(complaint))
        {
            return new SandboxException(ErrorCode.ImageNotFound, $"The registry has no image {reference}, or it is not public.");
        }

        return BrokenContent().IsMatch(complaint)
            ? ImageManifest.Invalid(complaint.TrimEnd('.'))
            : new SandboxException(ErrorCode.RegistryUnreachable, $"The registry of {reference} could not be asked: {complaint}");
    }

    private static bool IsDiskFull(ToolResult result) => result.Complaint.Contains("no space left on device", StringComparison.OrdinalIgnoreCase);

    // time="…" level=fatal msg="initializing source docker://…: manifest unknown: manifest unknown"
    private static string Complaint(ToolResult result, string incoming)
    {
        var line = result.Complaint;
        if (Message().Match(line) is { Success: true } match)
        {
            line = match.Groups["text"].Value.Replace("\\\"", "\"", StringComparison.Ordinal);
        }

        return ImageManifest.Shown(incoming == "/" ? line : line.Replace(incoming + "/", "", StringComparison.Ordinal));
    }

    [GeneratedRegex("msg=\"(?<text>.*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Message();

    [GeneratedRegex("expected 1 item, got [0-9]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SeveralImages();

    [GeneratedRegex("manifest unknown|name unknown|not found|requested access to the resource is denied|unauthorized", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NotThere();

    [GeneratedRegex("digest did not match|does not match|invalid manifest|unsupported (schema|manifest)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BrokenContent();
}
