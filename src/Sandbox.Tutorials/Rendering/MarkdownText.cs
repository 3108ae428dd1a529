using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Markdig;

namespace Sandbox.Tutorials.Rendering;

/// <summary>A text that a person wrote, as sanitised HTML: of a step's passage, or by itself.</summary>
public static class MarkdownText
{
    /// <summary>Levels of elements. Writing a tree calls itself for each level, and nobody's text has so many.</summary>
    private const int MaxDepth = 200;

    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().UsePipeTables().UseAutoLinks().UseTaskLists().UseEmphasisExtras().UseFootnotes().Build();

    /// <summary>The HTML of a text without pictures of its own. A text that cannot be Markdown is shown as it stands.</summary>
    public static string ToHtml(string text) =>
        Render(text, Pipeline, static _ => null) ?? $"<pre>{System.Net.WebUtility.HtmlEncode(text)}</pre>";

    /// <summary>The HTML of a text; null when it is nested too deeply.</summary>
    internal static string? Render(string text, MarkdownPipeline pipeline, Func<string, string?>? picture)
    {
        string html;
        try
        {
            html = Markdown.ToHtml(text, pipeline);
        }
        catch (ArgumentException)
        {
            // Markdig refuses what is nested too deeply.
            return null;
        }

        using var document = new HtmlParser().ParseDocument("<body>" + html + "</body>");
        return document.Body is null || Depth(document.Body) > MaxDepth ? null : Sanitizer.Clean(document, picture);
    }

    private static int Depth(IElement root)
    {
        var deepest = 0;
        var stack = new Stack<(IElement Element, int Depth)>([(root, 0)]);
        while (stack.TryPop(out var at) && deepest <= MaxDepth)
        {
            deepest = Math.Max(deepest, at.Depth);
            foreach (var child in at.Element.Children)
            {
                stack.Push((child, at.Depth + 1));
            }
        }

        return deepest;
    }
}
