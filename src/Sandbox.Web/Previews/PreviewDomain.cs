using System.Globalization;
using System.Text.RegularExpressions;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Http;

namespace Sandbox.Web.Previews;

/// <summary>One TCP port of one sandbox.</summary>
internal readonly record struct SandboxPort(SandboxId Sandbox, int Port);

/// <summary>
/// The origin of each port: <c>http://8080-abcdefghijklmnop.localhost:8080</c>. No two ports share one, and none is ours,
/// so a program in a sandbox reaches no cookie, storage or page but its own.
/// </summary>
internal sealed partial class PreviewDomain(WebOptions options, Origins origins)
{
    /// <summary>Host and port below which the previews are; null when the operator has set none.</summary>
    private readonly Lazy<string?> _domain = new(() =>
        options.PreviewDomain.Length > 0 ? options.PreviewDomain
        : options.PublicUrls.Length > 0 ? null
        : new Uri(origins.PublicUrl).Authority);

    public bool Exists => _domain.Value is not null;

    /// <summary>The origins of all ports, as a source of a Content-Security-Policy; null when there are none.</summary>
    public string? Sources => _domain.Value is { } domain ? $"{new Uri(origins.PublicUrl).Scheme}://*.{domain}" : null;

    /// <summary>The origin of a port.</summary>
    public string UrlOf(SandboxPort port) => string.Create(
        CultureInfo.InvariantCulture, $"{new Uri(origins.PublicUrl).Scheme}://{port.Port}-{port.Sandbox}.{_domain.Value ?? throw new InvalidOperationException("there are no previews")}");

    /// <summary>The port that a Host header names; null for our own pages and everything else.</summary>
    public SandboxPort? Of(HostString host)
    {
        if (_domain.Value is not { } domain || host.Value is not { } value || value.Length <= domain.Length || value[^(domain.Length + 1)] != '.' || !value.EndsWith(domain, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        return Read(value[..^(domain.Length + 1)]);
    }

    /// <summary>Reads <c>8080-abcdefghijklmnop</c>.</summary>
    public static SandboxPort? Read(string label) =>
        Label().Match(label) is { Success: true } match
        && int.TryParse(match.Groups["port"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65_535
        && SandboxId.TryParse(match.Groups["sandbox"].Value.ToLowerInvariant(), out var sandbox)
            ? new SandboxPort(sandbox, port)
            : null;

    /// <summary>The label of a port, see <see cref="Read"/>.</summary>
    public static string LabelOf(SandboxPort port) => string.Create(CultureInfo.InvariantCulture, $"{port.Port}-{port.Sandbox}");

    [GeneratedRegex("^(?<port>[1-9][0-9]{0,4})-(?<sandbox>[A-Za-z0-9]{1,32})$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Label();
}
