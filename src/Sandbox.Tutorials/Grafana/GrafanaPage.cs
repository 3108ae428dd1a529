using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Backends;
using Sandbox.Tutorials.Checks;
using Sandbox.Tutorials.Markup;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Tutorials.Grafana;

/// <summary>One Markdown file of documentation that is a tutorial too; its front matter has a <c>killercoda</c> field.</summary>
internal static partial class GrafanaPage
{
    /// <summary>A <c>killercoda</c> field, or marks of pages on lines of their own outside code.</summary>
    public static bool Is(string text) =>
        text.Contains("INTERACTIVE", StringComparison.Ordinal) && text.StartsWith("---\n", StringComparison.Ordinal) && Field().IsMatch(text) && PageMark().IsMatch(text);

    public static Scenario Read(TutorialSource source, string file, string text)
    {
        var log = new ProblemLog();
        var (values, body) = FrontMatter.Split(file, Tokens.Clean(text), log);
        var killercoda = values?["killercoda"];
        if (killercoda?["preprocessing"]?["substitutions"] is { } substitutions)
        {
            body = Substitute(body, substitutions, file, log);
        }

        var reader = new GrafanaReader(file, log);
        reader.End(reader.Read(body));
        Pictures.Check(source, file, body, log);
        var steps = reader.Pages.Select(page => new Step
        {
            Title = Headings.First(page.Markdown) ?? page.Name,
            Kind = Kind(page.Name),
            File = file,
            Passages = [new Passage(page.Markdown, [])],
            Blocks = page.Blocks,
            Setup = Script(source, file, killercoda, page.Name, "background", log),
            Foreground = Script(source, file, killercoda, page.Name, "foreground", log),
        }).OrderBy(step => step.Kind).ToList();
        if (!steps.Exists(step => step.Kind == StepKind.Step))
        {
            log.Unsupported(file, 1, "no page step1.md is marked");
        }

        var tutorial = new Tutorial
        {
            Format = TutorialFormat.Grafana,
            Path = file,
            Title = Headings.Plain(killercoda?.ValueOf("title") ?? values?.ValueOf("title") ?? Headings.First(body) ?? TutorialSource.NameOf(file)),
            Summary = killercoda?.ValueOf("description") ?? values?.ValueOf("description") ?? "",
            Backend = Needs.Of(KatacodaImages.Resolve(killercoda?["backend"]?.ValueOf("imageid") ?? "ubuntu"), steps),
            Steps = steps,
        };
        Linting.TutorialLint.Check(tutorial, log);
        return new Scenario(tutorial, log.All);
    }

    private static StepKind Kind(string page) => page switch
    {
        "intro.md" => StepKind.Intro,
        "finish.md" or "finished.md" => StepKind.Finish,
        _ => StepKind.Step,
    };

    private static Script? Script(TutorialSource source, string file, LocatedValue? killercoda, string page, string word, ProblemLog log)
    {
        if (killercoda?["details"]?[page.Split('.')[0]]?[word] is not { Value: { } reference } value)
        {
            return null;
        }

        if (TutorialSource.Resolve(TutorialSource.FolderOf(file), reference) is { } path && source.Has(path))
        {
            return new Script(path, source.ReadText(path, log) ?? "");
        }

        log.Unsupported(file, value.Line, $"the file {reference} is missing", $"killercoda.details.{page.Split('.')[0]}.{word}", value.Column);
        return null;
    }

    /// <summary>RE2 expressions of the author: run without backtracking, so that none takes long.</summary>
    private static string Substitute(string body, LocatedValue substitutions, string file, ProblemLog log)
    {
        foreach (var entry in substitutions.Items.Take(50))
        {
            if (entry.ValueOf("regexp") is not { Length: < 1000 } pattern)
            {
                continue;
            }

            try
            {
                var replaced = Regex.Replace(body, pattern, entry["replacement"]?.Text ?? "", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
                body = replaced.Length > TutorialSource.MaxTextBytes * 2 ? body : replaced;
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException or RegexMatchTimeoutException)
            {
                log.Unsupported(file, entry.Line, $"the expression {pattern} is not understood", "killercoda.preprocessing.substitutions", entry.Column);
            }
        }

        return body;
    }

    [GeneratedRegex(@"^killercoda:", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Field();

    [GeneratedRegex(@"^[ \t]*<!--[ \t]*INTERACTIVE[ \t]+(page[ \t]+[\w.-]+|intro|finish)[ \t]+START[ \t]*-->", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex PageMark();
}
