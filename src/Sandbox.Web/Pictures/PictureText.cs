using System.Globalization;
using System.Net;
using System.Text;

namespace Sandbox.Web.Pictures;

/// <summary>Words of visitors as text of an SVG.</summary>
internal static class PictureText
{
    /// <summary>
    /// At most so many characters, an ellipsis at the end of a longer text, escaped for an element or an attribute. Control
    /// characters, which XML forbids, and marks that turn the direction of the text around are left out.
    /// </summary>
    public static string Escaped(string text, int most) => WebUtility.HtmlEncode(Short(text, most));

    /// <summary>The same, not escaped.</summary>
    public static string Short(string text, int most)
    {
        var runes = text.EnumerateRunes().Where(IsShown).ToList();
        var kept = new StringBuilder();
        foreach (var rune in runes.Count > most ? runes.Take(most - 1).Append(new Rune('…')) : runes)
        {
            kept.Append(rune);
        }

        return kept.ToString();
    }

    private static bool IsShown(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse);
}
