using System.Text;
using AngleSharp.Html.Parser;
using Markdig;
using Sandbox.Tutorials.Katacoda;
using Sandbox.Tutorials.Markup;

namespace Sandbox.Tutorials.Rendering;

/// <summary>What a step is rendered with.</summary>
public sealed record RenderSettings
{
    /// <summary>Values of parameters; a parameter without one has its default.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The addresses of the playground; null before it runs, when placeholders stay as they are.</summary>
    public PlaygroundAddresses? Addresses { get; init; }

    /// <summary>From a path of a picture, as its page names it, to the URL it is served at; null drops the picture.</summary>
    public Func<string, string?>? Picture { get; init; }
}

/// <summary>
/// A step as sanitised HTML. Each block is an element of class <c>block</c> with <c>data-kind</c>, <c>data-index</c> (into
/// <see cref="Step.Blocks"/>) and what the page's script needs; without the script it is plain code or text.
/// </summary>
public sealed class StepRenderer
{
    private readonly MarkdownPipeline markdown;
    private readonly bool own;
    private readonly Dictionary<string, string> defaults;

    public StepRenderer(Tutorial tutorial)
    {
        own = tutorial.Format == TutorialFormat.Sandbox;
        defaults = tutorial.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Default, StringComparer.Ordinal);
        var builder = new MarkdownPipelineBuilder().UsePipeTables().UseAutoLinks().UseTaskLists().UseEmphasisExtras().UseFootnotes();

        // Dollars are money or variables in texts that were not written for mathematics.
        markdown = (own ? builder.UseMathematics() : builder).Build();
    }

    /// <summary>The HTML of a step. Never fails: a text that cannot be Markdown is shown as it stands.</summary>
    public string Render(Step step, RenderSettings settings)
    {
        var values = new Dictionary<string, string>(defaults, StringComparer.Ordinal);
        foreach (var (name, value) in settings.Parameters)
        {
            values[name] = value;
        }

        var html = new StringBuilder();
        var blocks = new BlockElements(step.Blocks, block => ParameterText.Substitute(Addressed(block, settings), values));
        foreach (var passage in step.Passages)
        {
            var text = ParameterText.SubstituteMarkdown(Addressed(passage.Markdown, settings), values);
            var rendered = RenderPassage(text, blocks, settings);
            if (passage.When.Count == 0)
            {
                html.Append(rendered);
                continue;
            }

            var holds = passage.When.All(condition => values.GetValueOrDefault(condition.Parameter, "") is var value && (condition.Value is null ? value.Length > 0 : value == condition.Value));
            html.Append("<div data-when=\"").Append(Encoded(string.Join('&', passage.When.Select(condition => condition.Value is null ? condition.Parameter : $"{condition.Parameter}={condition.Value}"))))
                .Append(holds ? "\">" : "\" hidden=\"\">").Append(rendered).Append("</div>");
        }

        return html.ToString();
    }

    private static string Addressed(string text, RenderSettings settings) => settings.Addresses is null ? text : Placeholders.Substitute(text, settings.Addresses);

    private string RenderPassage(string text, BlockElements blocks, RenderSettings settings)
    {
        if (MarkdownText.Render(text, markdown, settings.Picture) is not { } clean)
        {
            return AsText(text);
        }

        using var tree = new HtmlParser().ParseDocument("<body>" + clean + "</body>");
        blocks.Place(tree);
        return tree.Body!.InnerHtml;
    }

    private static string AsText(string text) => $"<pre>{Encoded(text.Replace(Tokens.Begin, ' ').Replace(Tokens.End, ' '))}</pre>";

    private static string Encoded(string text) => System.Net.WebUtility.HtmlEncode(text);
}
