using System.Globalization;

namespace Sandbox.Core.Networks;

/// <summary>One port of a domain that a sandbox may reach over TCP.</summary>
public readonly record struct DomainPort(string Domain, int Port);

/// <summary>
/// Lists of domains that a sandbox may reach. An entry is a host name, which means its web ports, or a host name and one port:
/// <code>["github.com", "github.com:22", "deb.debian.org"]</code>
/// A name stands for itself and not for the names below it: the owner of a domain could carry anything out in questions for
/// invented names, and the addresses of such names are not known before somebody asks.
/// </summary>
public static class DomainRules
{
    /// <summary>Entries of one list.</summary>
    public const int MaxDomains = 32;

    private const int MaxLength = 253;
    private const int MaxLabel = 63;

    private static readonly int[] WebPorts = [80, 443];

    /// <summary>The ports of each entry.</summary>
    public static IEnumerable<DomainPort> Ports(IEnumerable<string> domains) => domains.SelectMany(entry => entry.IndexOf(':', StringComparison.Ordinal) switch
    {
        < 0 => WebPorts.Select(port => new DomainPort(entry, port)),
        var colon => [new DomainPort(entry[..colon], int.Parse(entry.AsSpan(colon + 1), CultureInfo.InvariantCulture))],
    }).Distinct();

    /// <summary>The part that two lists have in common, as a list.</summary>
    public static IReadOnlyList<string> Common(IReadOnlyList<string> one, IReadOnlyList<string> other) =>
    [
        .. Ports(one).Intersect(Ports(other)).GroupBy(reached => reached.Domain, StringComparer.Ordinal).SelectMany(ports =>
        {
            var isWeb = WebPorts.All(port => ports.Any(reached => reached.Port == port));
            var single = ports.Where(reached => !isWeb || !WebPorts.Contains(reached.Port))
                .Select(reached => string.Create(CultureInfo.InvariantCulture, $"{reached.Domain}:{reached.Port}"));
            return isWeb ? single.Prepend(ports.Key) : single;
        }),
    ];

    /// <summary>A text that people write: entries with spaces, commas or line ends between them.</summary>
    public static IReadOnlyList<string> Parse(string? text) =>
        [.. (text ?? "").Split([' ', ',', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.ToLowerInvariant()).Distinct(StringComparer.Ordinal)];

    internal static void Check(IReadOnlyList<string>? domains, string what, List<string> mistakes)
    {
        if (domains is null || domains.Count > MaxDomains)
        {
            mistakes.Add($"{what}: at most {MaxDomains}");
            return;
        }

        for (var at = 0; at < domains.Count; at++)
        {
            if (!IsEntry(domains[at]))
            {
                mistakes.Add($"{what}[{at}]: a host name such as github.com, in lower case and without a wildcard, or one with a port such as github.com:22");
            }
        }
    }

    /// <summary>RFC 1123, with two labels or more: a single one is a name of the operator's own net. The last one is no number, which programs would read as an address.</summary>
    private static bool IsEntry(string? entry)
    {
        if (entry is null)
        {
            return false;
        }

        var colon = entry.IndexOf(':', StringComparison.Ordinal);
        var labels = (colon < 0 ? entry : entry[..colon]).Split('.');
        return entry.Length <= MaxLength && labels.Length >= 2 && labels.All(IsLabel) && !labels[^1].All(char.IsAsciiDigit)
            && (colon < 0 || IsPort(entry[(colon + 1)..]));
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= MaxLabel && label[0] != '-' && label[^1] != '-'
        && label.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-');

    private static bool IsPort(string text) =>
        text.Length is > 0 and <= 5 && text[0] != '0' && text.All(char.IsAsciiDigit) && int.Parse(text, CultureInfo.InvariantCulture) <= 65_535;
}
