using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Ganss.Xss;
using Sandbox.Tutorials.Markup;

namespace Sandbox.Tutorials.Rendering;

/// <summary>
/// Lets through what a text needs: no scripts, styles, frames, forms, SVG or event handlers, no schemes beside http, https
/// and mailto, and none of the attributes by which the page's script knows its own elements.
/// </summary>
internal static class Sanitizer
{
    private static readonly string[] Elements =
    [
        "html", "head", "body", "a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure",
        "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong",
        "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
    ];

    private static readonly string[] Attributes =
    [
        "href", "src", "alt", "title", "width", "height", "align", "colspan", "rowspan", "start", "open", "lang", "dir", "class",
    ];

    public static string Clean(IHtmlDocument document, Func<string, string?>? picture)
    {
        var sanitizer = new HtmlSanitizer();
        Replace(sanitizer.AllowedTags, Elements);
        Replace(sanitizer.AllowedAttributes, Attributes);
        Replace(sanitizer.AllowedSchemes, ["http", "https", "mailto", Tokens.Scheme]);

        // Markdown's own classes; an author's might be one of the page's.
        Replace(sanitizer.AllowedClasses, ["math", "hint", "footnotes", "footnote-ref", "footnote-back-ref", "task-list-item", "contains-task-list"]);
        sanitizer.AllowedCssProperties.Clear();
        sanitizer.AllowedAtRules.Clear();
        sanitizer.AllowDataAttributes = false;
        sanitizer.RemovingCssClass += (_, e) => e.Cancel = e.CssClass.StartsWith("language-", StringComparison.Ordinal) && e.CssClass.Length < 60;

        // Without their text: that of a script is no prose.
        foreach (var element in document.QuerySelectorAll("script, style, iframe, object, embed, svg, math, template, noscript, textarea, select, form, title").ToList())
        {
            element.Remove();
        }

        foreach (var image in document.QuerySelectorAll("img").ToList())
        {
            Serve(image, picture);
        }

        var clean = sanitizer.SanitizeDom(document);
        foreach (var link in clean.QuerySelectorAll("a[href]"))
        {
            if (link.GetAttribute("href") is { } href && !href.StartsWith('#') && !href.StartsWith(Tokens.Scheme + ":", StringComparison.OrdinalIgnoreCase))
            {
                link.SetAttribute("target", "_blank");
                link.SetAttribute("rel", "noopener noreferrer nofollow");
            }
        }

        return clean.Body?.InnerHtml ?? "";
    }

    private static void Serve(IElement image, Func<string, string?>? picture)
    {
        image.SetAttribute("loading", "lazy");
        var source = image.GetAttribute("src") ?? "";
        if (picture is null || source.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || source.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        if (picture(source) is { } served)
        {
            image.SetAttribute("src", served);
        }
        else
        {
            image.RemoveAttribute("src");
        }
    }

    private static void Replace(ISet<string> set, string[] with)
    {
        set.Clear();
        set.UnionWith(with);
    }
}
