using System.Globalization;
using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Backends;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Markup;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Tutorials.PlayWithDocker;

/// <summary>
/// A Jekyll post with a front matter:
/// <code>layout: post, title, date, tags, categories: beginner, terms: 2, image: franela/dind</code>
/// <c>terms</c> is the number of terminals, each a machine of its own: a node. It is 1 when it is missing, and 0 for a text.
/// </summary>
internal static partial class Post
{
    private const int MostTerminals = 6;

    /// <summary>Whether a text has the front matter of a page of Jekyll.</summary>
    public static bool IsPost(string text) => text.StartsWith("---", StringComparison.Ordinal) && text.IndexOf("\n---", 3, StringComparison.Ordinal) is > 0 and var end && Layout().IsMatch(text[..end]);

    public static bool HasTerminals(string text) => TerminalFence().IsMatch(text);

    public static Scenario Read(TutorialSource source, string file, string text)
    {
        var log = new ProblemLog();
        var (values, body) = FrontMatter.Split(file, Tokens.Clean(text), log);
        var reader = new PostReader(file, log);
        var markdown = reader.Read(Liquid.Rendered(body));
        Pictures.Check(source, file, body, log);

        var terminals = 1;
        if (values?["terms"] is { Value: { } asked } terms)
        {
            if (!int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out terminals) || terminals > MostTerminals)
            {
                log.Unsupported(file, terms.Line, $"terms must be a number from 0 to {MostTerminals}", "terms", terms.Column);
                terminals = 1;
            }
        }

        var used = reader.Blocks.Max(block => block is RunBlock run ? run.Host : null) ?? 0;
        if (used > terminals)
        {
            log.Unsupported(file, 1, $"a block names terminal {used}, and terms is {terminals}", "terms");
            terminals = used;
        }

        var title = Headings.Plain(values?.ValueOf("title") ?? Headings.First(body) ?? TutorialSource.NameOf(file));
        var windows = title.Contains("Windows", StringComparison.Ordinal) || file.Contains("windows", StringComparison.OrdinalIgnoreCase);
        var image = values?.ValueOf("image");
        var tutorial = new Tutorial
        {
            Format = TutorialFormat.PlayWithDocker,
            Path = file,
            Title = title,
            Summary = values?.ValueOf("description") ?? "",
            Difficulty = values?.ValueOf("categories") ?? (values?["categories"]?.Items is [var category, ..] ? category.Value : null) ?? values?.ValueOf("category"),
            Cover = values?.ValueOf("img"),
            Backend = windows ? new Backend(BackendKind.Windows, "", image) : new Backend(BackendKind.Docker, "ubuntu-docker", image, Math.Max(1, terminals)) { HasNodes = true },
            Steps = [new Step { Title = title, File = file, Passages = [new Passage(markdown, [])], Blocks = reader.Blocks }],
        };
        Linting.TutorialLint.Check(tutorial, log);
        return new Scenario(tutorial, log.All, windows || reader.Blocks.OfType<RunBlock>().Any() ? null : "a text without blocks to run");
    }

    [GeneratedRegex(@"^layout:[ \t]*\S", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Layout();

    [GeneratedRegex(@"^[ \t]*`{3,}\.term\d", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex TerminalFence();
}
