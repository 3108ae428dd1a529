using System.Text.RegularExpressions;

namespace Sandbox.Tutorials.PlayWithDocker;

/// <summary>
/// The parts of Liquid by which Jekyll's posts write two braces, and the site's own address. The rest is left as it is, because
/// Go templates look alike.
/// <code>
/// {{ "{{ json .Mounts "}}}}                        {{ json .Mounts }}
/// {% raw %}{{ .State.Status }}{% endraw %}         {{ .State.Status }}
/// {{site.baseurl}}/images/swarm.png                /images/swarm.png
/// </code>
/// </summary>
/// <seealso href="https://shopify.github.io/liquid/tags/template/"/>
internal static partial class Liquid
{
    /// <summary>The text without these marks. Lines stay where they are.</summary>
    public static string Rendered(string text) => Mark().Replace(text, match => match.Groups["text"].Value);

    [GeneratedRegex("""\{%-?[ \t]*raw[ \t]*-?%\}(?<text>.*?)\{%-?[ \t]*endraw[ \t]*-?%\}|\{\{-?[ \t]*("(?<text>[^"\n]*)"|'(?<text>[^'\n]*)')[ \t]*-?\}\}|\{\{-?[ \t]*site\.(baseurl|url)[ \t]*-?\}\}""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex Mark();
}
