using System.Net;
using System.Text.RegularExpressions;
using Sandbox.Tutorials.Blocks;

namespace Sandbox.Tutorials.Katacoda;

/// <summary>
/// Text for the editor, as HTML:
/// <code>&lt;pre class="file" data-filename="app.js" data-target="insert" data-marker="// here"&gt;text&lt;/pre&gt;</code>
/// </summary>
internal static partial class EditorBlock
{
    /// <summary>Reads the <c>pre</c> that begins at an offset; null when it is another or has no end.</summary>
    public static Block? At(string text, int offset, out int end, out string? unknown)
    {
        unknown = null;
        var close = text.IndexOf("</pre>", offset, StringComparison.OrdinalIgnoreCase);
        end = close < 0 ? offset : close + "</pre>".Length;
        if (close < 0 || Opening().Match(text, offset, Math.Min(close - offset, 4000)) is not { Success: true } match || match.Index != offset)
        {
            return null;
        }

        var attributes = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (Match attribute in Attribute().Matches(match.Groups["attributes"].Value))
        {
            attributes.TryAdd(attribute.Groups["name"].Value, WebUtility.HtmlDecode(attribute.Groups["value"].Value));
        }

        if (!attributes.GetValueOrDefault("class", "").Split(' ').Contains("file"))
        {
            return null;
        }

        var content = text[(offset + match.Length)..close];
        content = WebUtility.HtmlDecode(content.StartsWith('\n') ? content[1..] : content).TrimEnd('\n');
        return Read(content, attributes, out unknown);
    }

    private static Block Read(string text, Dictionary<string, string> attributes, out string? unknown)
    {
        unknown = null;
        var file = attributes.GetValueOrDefault("data-filename", "").Trim();
        var target = attributes.GetValueOrDefault("data-target", "").Trim().ToLowerInvariant();
        var mode = target switch
        {
            "replace" => WriteMode.Create,
            "insert" => WriteMode.Replace,
            "append" => WriteMode.Append,
            "prepend" => WriteMode.Prepend,
            _ => (WriteMode?)null,
        };
        if (mode is null)
        {
            unknown = target is "" or "clipboard" ? null : $"data-target=\"{target}\" is unknown: the text can be copied";
            return new CopyBlock(text);
        }

        if (file.Length == 0)
        {
            unknown = $"data-target=\"{target}\" without data-filename: the text can be copied";
            return new CopyBlock(text);
        }

        var marker = attributes.GetValueOrDefault("data-marker");
        if (mode == WriteMode.Replace && string.IsNullOrEmpty(marker))
        {
            unknown = "data-target=\"insert\" without data-marker: the text is appended";
            mode = WriteMode.Append;
        }

        return new WriteFileBlock(file, text, mode.Value) { Marker = mode == WriteMode.Replace ? marker : null };
    }

    // A marker may hold "<!-- here -->", so the tag ends at the first ">" outside quotes.
    [GeneratedRegex("""<pre(?<attributes>(\s+([^\s=>"'“”]+(\s*=\s*("[^"]*"|'[^']*'|[“”][^“”]*[“”]|[^\s>"'“”]+))?))*)\s*>""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Opening();

    [GeneratedRegex("""(?<name>[\w-]+)\s*=\s*("(?<value>[^"]*)"|'(?<value>[^']*)'|[“”](?<value>[^“”]*)[“”]|(?<value>[^\s>"'“”]+))""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Attribute();
}
