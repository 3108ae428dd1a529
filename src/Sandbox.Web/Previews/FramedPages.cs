using Microsoft.Net.Http.Headers;

namespace Sandbox.Web.Previews;

/// <summary>Set on requests that come from the preview beside the terminals, by the cookie that only it has.</summary>
internal sealed class FromFrame;

/// <summary>Whether a page agrees to be framed by ours. Its browser enforces this too, but shows an empty frame and says nothing.</summary>
internal static class FramedPages
{
    /// <summary>Whether a browser asks for the page of a frame. https://www.w3.org/TR/fetch-metadata/#sec-fetch-dest-header</summary>
    public static bool IsPage(HttpRequest request) => request.Headers["Sec-Fetch-Dest"].ToString() is "iframe" or "frame";

    /// <summary>Whether the headers of an answer forbid each of these origins to frame it.</summary>
    public static bool Refuses(IHeaderDictionary headers, IReadOnlyCollection<string> framers)
    {
        // Content-Security-Policy: default-src 'self'; frame-ancestors 'self' https://*.example.org:8443
        // Several policies apply together, and any frame-ancestors replaces X-Frame-Options: https://www.w3.org/TR/CSP3/#directive-frame-ancestors
        var lists = headers.ContentSecurityPolicy.SelectMany(line => line?.Split(',') ?? []).Select(Ancestors).OfType<string[]>().ToList();
        return lists.Count > 0
            ? !framers.Any(framer => lists.TrueForAll(list => Array.Exists(list, source => Matches(source, new Uri(framer)))))
            : headers[HeaderNames.XFrameOptions].SelectMany(line => line?.Split(',', StringSplitOptions.TrimEntries) ?? [])
                .Any(value => value.Equals("DENY", StringComparison.OrdinalIgnoreCase) || value.Equals("SAMEORIGIN", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The sources of the first frame-ancestors; null if the policy has none.</summary>
    private static string[]? Ancestors(string policy) => policy.Split(';', StringSplitOptions.TrimEntries)
        .Select(directive => directive.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        .FirstOrDefault(words => words is [var name, ..] && name.Equals("frame-ancestors", StringComparison.OrdinalIgnoreCase))?[1..];

    /// <summary>https://www.w3.org/TR/CSP3/#match-url-to-source-expression</summary>
    private static bool Matches(string source, Uri framer)
    {
        if (source == "*" || source.Equals(framer.Scheme + ":", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var rest = source;
        if (source.IndexOf("://", StringComparison.Ordinal) is > 0 and var end)
        {
            if (!source[..end].Equals(framer.Scheme, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }

            rest = source[(end + 3)..];
        }

        rest = rest.Split('/')[0];
        var port = rest.LastIndexOf(':') is >= 0 and var colon && !rest.EndsWith(']') ? rest[(colon + 1)..] : null;
        var host = port is null ? rest : rest[..^(port.Length + 1)];
        return (port switch { null => framer.IsDefaultPort, "*" => true, _ => port == framer.Port.ToString(System.Globalization.CultureInfo.InvariantCulture) })
            && (host == "*"
                || (host.StartsWith("*.", StringComparison.Ordinal) ? framer.Host.EndsWith(host[1..], StringComparison.OrdinalIgnoreCase) : framer.Host.Equals(host, StringComparison.OrdinalIgnoreCase)));
    }
}
