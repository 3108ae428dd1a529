using System.Net;
using System.Text.RegularExpressions;
using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>
/// A registry reference in Docker's form, <c>[host[:port]/]path[:tag][@digest]</c>, read strictly: it becomes an
/// argument of a program that root runs. https://pkg.go.dev/github.com/distribution/reference
/// </summary>
internal sealed partial record ImageReference
{
    private const int MaxLength = 512;

    private ImageReference(string host, string repository, string? tag, Digest? digest) =>
        (Host, Repository, Tag, Digest) = (host, repository, tag, digest);

    /// <summary>Host and port; empty is the registry's default.</summary>
    public string Host { get; }

    /// <summary>Host and path, without tag and digest.</summary>
    public string Repository { get; }

    public string? Tag { get; }

    public Digest? Digest { get; }

    /// <summary>A registry on this very host is spoken to without TLS, as Docker does.</summary>
    public bool IsLoopback => Host.Split(':')[0] is var name && (name == "localhost" || (IPAddress.TryParse(name, out var address) && IPAddress.IsLoopback(address)));

    /// <summary>The reference for a request; the digest wins over a tag beside it.</summary>
    public override string ToString() => Digest is { } digest ? At(digest) : $"{Repository}:{Tag ?? "latest"}";

    /// <summary>The same repository at a digest.</summary>
    public string At(Digest digest) => $"{Repository}@{digest.Value}";

    public static ImageReference? TryParse(string? text)
    {
        if (text is null || text.Length > MaxLength || Form().Match(text) is not { Success: true } match)
        {
            return null;
        }

        Digest? digest = null;
        if (match.Groups["digest"].Success)
        {
            if (!Core.Images.Digest.TryParse(match.Groups["digest"].Value, out var pinned))
            {
                return null;
            }

            digest = pinned;
        }

        var host = match.Groups["host"].Value;
        var path = match.Groups["path"].Value;
        if (host.Length > 0 && !host.Contains('.', StringComparison.Ordinal) && !host.Contains(':', StringComparison.Ordinal) && host != "localhost")
        {
            // "library/debian": the first part is a host only when it looks like one.
            return Path().IsMatch(host) ? new ImageReference("", $"{host}/{path}", Value(match, "tag"), digest) : null;
        }

        return new ImageReference(host, host.Length == 0 ? path : $"{host}/{path}", Value(match, "tag"), digest);
    }

    private static string? Value(Match match, string group) => match.Groups[group].Success ? match.Groups[group].Value : null;

    private const string PathPart = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    private const string HostPart = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";

    [GeneratedRegex($@"\A(?:(?<host>{HostPart}(?:\.{HostPart})*(?::[0-9]{{1,5}})?)/)?(?<path>{PathPart}(?:/{PathPart})*)(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}))?(?:@(?<digest>sha256:[0-9a-f]{{64}}))?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();

    [GeneratedRegex($@"\A{PathPart}\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Path();
}
