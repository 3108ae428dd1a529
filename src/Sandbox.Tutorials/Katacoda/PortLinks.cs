using System.Globalization;
using System.Text.RegularExpressions;
using Sandbox.Tutorials.Blocks;

namespace Sandbox.Tutorials.Katacoda;

/// <summary>
/// The forms in which Katacoda names a port of the machine in a URL:
/// <code>
/// https://[[HOST_SUBDOMAIN]]-8080-[[KATACODA_HOST]].environments.katacoda.com/path
/// https://name.[[HOST_SUBDOMAIN]]-80-[[KATACODA_HOST]].environments.katacoda.com/
/// https://[[HOST_SUBDOMAIN]]-[[KATACODA_HOST]].environments.katacoda.com
/// {{TRAFFIC_HOST1_80}}/path   {{TRAFFIC_SELECTOR}}
/// </code>
/// </summary>
internal static partial class PortLinks
{
    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    private static readonly char[] AfterSentence = ['.', ',', ';', ':', '!', '?', '*', '_'];

    /// <summary>The URL that begins at an offset, or null.</summary>
    public static OpenPortBlock? At(string text, int offset, out int end)
    {
        end = offset;
        var match = text[offset] == '{' ? Traffic().Match(text, offset) : Url().Match(text, offset);
        if (!match.Success)
        {
            return null;
        }

        var path = match.Groups["path"].Value;
        var kept = path.TrimEnd(AfterSentence);
        end = offset + match.Length - (path.Length - kept.Length);
        int? port = match.Groups["port"] is { Success: true } named ? int.Parse(named.ValueSpan, CultureInfo.InvariantCulture) : null;
        if (port is 0 or > 65535)
        {
            end = offset;
            return null;
        }

        var host = match.Groups["host"] is { Success: true, Length: > 0 } number ? int.Parse(number.ValueSpan, CultureInfo.InvariantCulture) : 1;
        return new OpenPortBlock(port, kept.Length == 0 ? "/" : kept)
        {
            Host = Math.Max(1, host),
            VirtualHost = match.Groups["label"] is { Success: true } label ? label.Value : null,
            Label = port is null ? "port" : string.Create(CultureInfo.InvariantCulture, $"port {port}{(kept.Length > 1 ? kept : "")}"),
        };
    }

    /// <summary>A mark of a port that is written wrong, which stays as it is.</summary>
    public static bool IsMalformed(string text, int offset, out int end)
    {
        var match = MalformedTraffic().Match(text, offset);
        end = match.Success ? offset + match.Length : offset;
        return match.Success;
    }

    /// <summary>Only upper-case names are placeholders: the rest is bash or TOML.</summary>
    [GeneratedRegex(@"\[\[(?<name>[A-Z0-9_]{1,40})\]\]", Options, 1000)]
    public static partial Regex Placeholder();

    [GeneratedRegex(@"\G(https?://)?((?<label>[A-Za-z0-9][A-Za-z0-9-]{0,62}(\.[A-Za-z0-9-]{1,63}){0,4})\.)?\[\[(HOST(?<host>[1-9]?)|CLIENT)_SUBDOMAIN\]\](-(?<port>\d{1,5}))?-\[\[KATACODA_HOST\]\]\.(environments\.katacoda\.com|\[\[KATACODA_DOMAIN\]\])(?<path>[/?#][^\s()\[\]<>""'`]{0,2000})?", Options, 1000)]
    private static partial Regex Url();

    [GeneratedRegex(@"\G\{\{[ ]?(TRAFFIC_HOST(?<host>[1-9])_(?<port>\d{1,5})|TRAFFIC_SELECTOR)[ ]?\}\}(?<path>[/?#][^\s()\[\]<>""'`]{0,2000})?", Options, 1000)]
    private static partial Regex Traffic();

    [GeneratedRegex(@"\G\{\{[ ]?TRAFFIC[^\n{}]{0,200}\}\}", Options, 1000)]
    private static partial Regex MalformedTraffic();
}
