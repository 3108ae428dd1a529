using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Tutorials.Markup;

/// <summary>Names the pictures of a page that are not in its source.</summary>
internal static partial class Pictures
{
    public static void Check(TutorialSource source, string file, string text, ProblemLog log)
    {
        LineIndex? lines = null;
        foreach (Match match in Picture().Matches(text))
        {
            var reference = match.Groups["url"].Value;
            if (reference.Length == 0 || reference.StartsWith("//", StringComparison.Ordinal) || Absolute().IsMatch(reference) || reference.Contains("{{", StringComparison.Ordinal))
            {
                continue;
            }

            var path = Uri.UnescapeDataString(reference.Split('?', '#')[0]);
            if (Find(source, TutorialSource.FolderOf(file), path) is null)
            {
                lines ??= new LineIndex(text);
                log.Unsupported(file, lines.LineOf(match.Index), $"the picture {reference} is not there");
            }
        }
    }

    /// <summary>
    /// The file of a reference: beside the page, below <c>assets</c> beside it (Katacoda's <c>./assets</c>), or at the root
    /// of the site for a path that begins with a slash.
    /// </summary>
    public static string? Find(TutorialSource source, string folder, string reference)
    {
        string?[] places =
        [
            TutorialSource.Resolve(folder, reference),
            TutorialSource.Resolve(TutorialSource.FolderOf(folder), reference.TrimStart('/')),
            TutorialSource.Resolve("", reference),
        ];
        return places.FirstOrDefault(place => place is not null && source.Has(place));
    }

    [GeneratedRegex("""!\[[^\]\n]{0,500}\]\(\s*<?(?<url>[^\s()<>]{1,1000})|<img\s[^>]{0,500}?src\s*=\s*["']?(?<url>[^\s"'<>]{1,1000})""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 2000)]
    private static partial Regex Picture();

    [GeneratedRegex("^[a-z][a-z0-9+.-]*:", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Absolute();
}
