using System.Globalization;
using System.Text.RegularExpressions;

namespace Sandbox.Tutorials.Katacoda;

/// <summary>The addresses that placeholders stand for, known once a playground runs.</summary>
/// <param name="PortUrl">From host and port to the URL of it; a null port is the page where one chooses.</param>
/// <param name="Ip">From a host to its address.</param>
public sealed record PlaygroundAddresses(Func<int, int?, Uri> PortUrl, Func<int, string> Ip);

/// <summary>
/// Puts addresses in place of <c>[[HOST_IP]]</c>, <c>{{TRAFFIC_HOST1_80}}</c> and the URL forms, in commands and scripts
/// as in text. Names it does not know stay as they are.
/// </summary>
public static partial class Placeholders
{
    /// <summary>Names that have a meaning here.</summary>
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "HOST_SUBDOMAIN", "HOST1_SUBDOMAIN", "HOST2_SUBDOMAIN", "HOST3_SUBDOMAIN", "CLIENT_SUBDOMAIN", "KATACODA_HOST", "KATACODA_DOMAIN",
        "HOST_IP", "HOST1_IP", "HOST2_IP", "HOST3_IP",
    };

    public static bool IsKnown(string name) => Known.Contains(name);

    public static string Substitute(string text, PlaygroundAddresses addresses)
    {
        if (!text.Contains("[[", StringComparison.Ordinal) && !text.Contains("{{", StringComparison.Ordinal))
        {
            return text;
        }

        text = Urls().Replace(text, match => PortLinks.At(match.Value, 0, out var end) is { } link && end == match.Length && link.VirtualHost is null
            ? addresses.PortUrl(link.Host, link.Port).ToString().TrimEnd('/')
            : match.Value);
        return PortLinks.Placeholder().Replace(text, match => match.Groups["name"].Value switch
        {
            "HOST_IP" or "HOST1_IP" => addresses.Ip(1),
            "HOST2_IP" => addresses.Ip(2),
            "HOST3_IP" => addresses.Ip(3),

            // A name of the sandbox alone: the first label of the URL of a port it surely has.
            "HOST_SUBDOMAIN" or "HOST1_SUBDOMAIN" or "CLIENT_SUBDOMAIN" => addresses.PortUrl(1, null).Host.Split('.')[0],
            "KATACODA_HOST" => addresses.PortUrl(1, null).Host.Split('.')[0],
            "KATACODA_DOMAIN" => string.Join('.', addresses.PortUrl(1, null).Host.Split('.').Skip(1)),
            _ => match.Value,
        });
    }

    /// <summary>The highest host that a text names, 1 when it names none.</summary>
    internal static int Hosts(string text)
    {
        var hosts = 1;
        foreach (Match match in HostName().Matches(text))
        {
            hosts = Math.Max(hosts, int.Parse(match.Groups["host"].ValueSpan, CultureInfo.InvariantCulture));
        }

        return hosts;
    }

    [GeneratedRegex(@"(https?://)?\[\[(HOST[1-9]?|CLIENT)_SUBDOMAIN\]\](-\d{1,5})?-\[\[KATACODA_HOST\]\]\.(environments\.katacoda\.com|\[\[KATACODA_DOMAIN\]\])|\{\{[ ]?(TRAFFIC_HOST[1-9]_\d{1,5}|TRAFFIC_SELECTOR)[ ]?\}\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Urls();

    [GeneratedRegex(@"\[\[HOST(?<host>[2-9])_(IP|SUBDOMAIN)\]\]|\{\{TRAFFIC_HOST(?<host>[2-9])_\d{1,5}\}\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HostName();
}
