using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Backends;
using Sandbox.Tutorials.Checks;
using Sandbox.Tutorials.Markup;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Tutorials.Katacoda;

/// <summary>
/// A folder with an <c>index.json</c>:
/// <code>
/// {"title":"…","details":{"intro":{"text":"intro.md","code":"set-env.sh"},"steps":[{"title":"…","text":"step1.md","verify":"verify.sh"}],
///  "finish":{"text":"finish.md"},"assets":{"host01":[{"file":"*","target":"~/"}]}},"environment":{"uilayout":"terminal"},"backend":{"imageid":"ubuntu"}}
/// </code>
/// Katacoda's <c>courseData</c> and <c>code</c> are Killercoda's <c>background</c> and <c>foreground</c>; one repository may have both.
/// </summary>
internal sealed partial class KatacodaScenario
{
    private static readonly HashSet<string> TopLevel = new(StringComparer.Ordinal)
    {
        "$schema", "title", "description", "difficulty", "time", "icon", "pathwayTitle", "private", "noindex", "type", "files", "asyncFiles", "embedded_survey_url",
        "id", "events", "interface", "details", "environment", "backend",
    };

    private readonly TutorialSource source;
    private readonly string folder;
    private readonly string index;
    private readonly ProblemLog log = new();

    private KatacodaScenario(TutorialSource source, string folder)
    {
        this.source = source;
        this.folder = folder;
        index = TutorialSource.Join(folder, "index.json");
    }

    /// <summary>Whether an <c>index.json</c> is one of a scenario and not of something else.</summary>
    public static bool Is(TutorialSource source, string folder, string text)
    {
        if (LocatedJson.Parse(text, out _, out _, out _) is { } json)
        {
            return json["details"]?.Kind == JsonValueKind.Object || (json["backend"]?.Kind == JsonValueKind.Object && (json["title"] is not null || json["type"] is not null));
        }

        // Broken JSON: the words of a scenario, or pages beside it.
        return text.Contains("\"details\"", StringComparison.Ordinal) || text.Contains("\"imageid\"", StringComparison.Ordinal) ||
            source.FilesOf(folder).Any(file => StepFile().IsMatch(TutorialSource.NameOf(file)));
    }

    public static Scenario Read(TutorialSource source, string folder, string text)
    {
        var scenario = new KatacodaScenario(source, folder);
        return LocatedJson.Parse(text, out var line, out _, out var mistake) is { Kind: JsonValueKind.Object } json
            ? scenario.Read(json)
            : scenario.ReadBroken(line, mistake ?? "not an object");
    }

    private Scenario Read(LocatedValue json)
    {
        var details = json["details"];
        var environment = json["environment"];
        var steps = new List<Step>();
        if (details?["intro"] is { } intro && !(environment?["hideintro"]?.IsTrue ?? false))
        {
            steps.Add(ReadPage(intro, StepKind.Intro, "Introduction", "details.intro"));
        }

        var number = 0;
        foreach (var step in details?["steps"]?.Items ?? [])
        {
            var field = $"details.steps[{number++}]";
            if (step.Kind != JsonValueKind.Object)
            {
                log.Unsupported(index, step.Line, "a step must be an object with a text", field, step.Column);
                continue;
            }

            steps.Add(ReadPage(step, StepKind.Step, $"Step {number}", field));
        }

        if (details?["finish"] is { } finish && !(environment?["hidefinish"]?.IsTrue ?? false))
        {
            steps.Add(ReadPage(finish, StepKind.Finish, "Finish", "details.finish"));
        }

        NameUnknown(json);
        if (number == 0)
        {
            log.Advice(index, 1, "there are no steps");
        }

        var title = json.ValueOf("title");
        if (title is null)
        {
            log.Advice(index, 1, "there is no title", "title");
        }

        var backend = ReadBackend(json["backend"], steps);
        var type = json.ValueOf("type");
        return Finish(new Tutorial
        {
            Format = TutorialFormat.Katacoda,
            Path = folder,
            Title = Headings.Plain(title ?? FolderName),
            Summary = json.ValueOf("description") ?? "",
            Difficulty = json.ValueOf("difficulty"),
            Time = json.ValueOf("time"),
            Cover = json.ValueOf("icon"),
            Backend = backend,
            Language = LanguageFolder().Match("/" + folder + "/") is { Success: true } match ? match.Groups["language"].Value : null,
            Steps = steps,
            Assets = new KatacodaAssets(source, folder, index, log).Read(details?["assets"]),
            Layout = new KatacodaLayout(index, log).Read(json),
        }, type is null || type.StartsWith("challenge", StringComparison.Ordinal) ? null : $"its type {type} is not that of a tutorial");
    }

    /// <summary>Without its index the pages are still worth reading.</summary>
    private Scenario ReadBroken(int line, string mistake)
    {
        log.Mistake(index, line, $"not JSON: {mistake}");
        var steps = source.FilesOf(folder).Where(file => StepFile().IsMatch(TutorialSource.NameOf(file)))
            .OrderBy(Order).ThenBy(file => file, StringComparer.Ordinal)
            .Select((file, number) => ReadText(file, Order(file) switch { -1 => StepKind.Intro, int.MaxValue => StepKind.Finish, _ => StepKind.Step }, $"Step {number + 1}", null)).ToList();
        return Finish(new Tutorial
        {
            Format = TutorialFormat.Katacoda,
            Path = folder,
            Title = FolderName,
            Backend = new Backend(BackendKind.Unknown, "", null),
            Steps = steps,
        }, $"index.json is not JSON (line {line}): {mistake}");
    }

    private Scenario Finish(Tutorial tutorial, string? unusable)
    {
        Linting.TutorialLint.Check(tutorial, log);
        return new Scenario(tutorial, log.All, unusable);
    }

    private string FolderName => TutorialSource.NameOf(folder) is { Length: > 0 } name ? name : source.Name;

    private static int Order(string file)
    {
        var name = TutorialSource.NameOf(file);
        return name.StartsWith("intro", StringComparison.OrdinalIgnoreCase) ? -1
            : name.StartsWith("fin", StringComparison.OrdinalIgnoreCase) ? int.MaxValue
            : int.TryParse(StepFile().Match(name).Groups["number"].ValueSpan, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, int.MaxValue - 1) : 0;
    }

    private Step ReadPage(LocatedValue page, StepKind kind, string otherwise, string field)
    {
        var title = page.ValueOf("title");
        var text = page["text"];
        Step step;
        if (text?.Value is not { } reference)
        {
            if (kind == StepKind.Step)
            {
                log.Unsupported(index, page.Line, "the step has no text", field + ".text", page.Column);
            }

            step = new Step { Title = Headings.Plain(title ?? otherwise), Kind = kind };
        }
        else if (FileOf(reference) is { } file)
        {
            step = ReadText(file, kind, otherwise, title);
        }
        else
        {
            NameMissing(reference, text, field + ".text");
            step = new Step { Title = Headings.Plain(title ?? otherwise), Kind = kind };
        }

        var verify = ReadScript(page, field, "verify");
        return step with
        {
            Setup = ReadScript(page, field, "courseData", "background"),
            Foreground = ReadScript(page, field, "code", "foreground"),
            Check = verify is null ? null : CheckRule.Of(verify),
            Hint = ReadScript(page, field, "hint"),
            Solve = ReadScript(page, field, "solution", "solve"),
            Answer = ReadAnswer(page, field),
        };
    }

    private Step ReadText(string file, StepKind kind, string otherwise, string? title)
    {
        var text = Tokens.Clean(source.ReadText(file, log) ?? "");
        var reader = new KatacodaReader(file, log);
        var markdown = reader.Read(text);
        Pictures.Check(source, file, text, log);
        return new Step
        {
            Title = title is not null ? Headings.Plain(title) : Headings.First(text) ?? otherwise,
            Kind = kind,
            File = file,
            Passages = [new Passage(markdown, [])],
            Blocks = reader.Blocks,
        };
    }

    private string? ReadAnswer(LocatedValue page, string field)
    {
        if (page["answer"] is not { Value: { } reference } answer)
        {
            return null;
        }

        if (FileOf(reference) is { } file)
        {
            return source.ReadText(file, log);
        }

        if (reference.Contains(' ', StringComparison.Ordinal) || !reference.Contains('.', StringComparison.Ordinal))
        {
            return reference;
        }

        NameMissing(reference, answer, field + ".answer");
        return null;
    }

    /// <summary>The script of one of the two vocabularies, or of both one after the other.</summary>
    private Script? ReadScript(LocatedValue page, string field, params ReadOnlySpan<string> names)
    {
        Script? script = null;
        foreach (var name in names)
        {
            if (page[name] is not { Value: { } reference } value)
            {
                continue;
            }

            var read = FileOf(reference) is { } file ? new Script(file, source.ReadText(file, log) ?? "")
                : reference.Contains(' ', StringComparison.Ordinal) ? new Script(index, reference)
                : null;
            if (read is null)
            {
                NameMissing(reference, value, $"{field}.{name}");
            }

            script = script is null || read is null ? script ?? read : new Script(script.File, script.Text + "\n" + read.Text);
        }

        return script;
    }

    private string? FileOf(string reference) => TutorialSource.Resolve(folder, reference.TrimStart('/')) is { } path && source.Has(path) ? path : null;

    private void NameMissing(string reference, LocatedValue at, string field)
    {
        var alike = source.FilesOf(folder).FirstOrDefault(file => string.Equals(TutorialSource.NameOf(file), reference, StringComparison.OrdinalIgnoreCase));
        log.Unsupported(index, at.Line, $"the file {reference} is missing{(alike is null ? "" : $"; there is {TutorialSource.NameOf(alike)}")}", field, at.Column);
    }

    private Backend ReadBackend(LocatedValue? backend, IReadOnlyList<Step> steps)
    {
        var asked = backend?.ValueOf("imageid") ?? backend?.ValueOf("dockerimage");
        if (asked is null)
        {
            log.Unsupported(index, backend?.Line ?? 1, "there is no image", "backend.imageid");
        }

        if (backend?["url"] is { } url)
        {
            log.Unsupported(index, url.Line, "a backend at a URL is not supported", "backend.url", url.Column);
        }

        var named = KatacodaImages.Resolve(asked);
        if (named.Kind == BackendKind.Unknown && backend?.ValueOf("imageid") is null && asked is not null)
        {
            named = new Backend(BackendKind.Container, asked, asked);
        }

        var hosts = steps.SelectMany(step => step.Blocks.OfType<Blocks.OpenPortBlock>()).Select(port => port.Host)
            .Concat(steps.SelectMany(step => step.Passages).Select(passage => Placeholders.Hosts(passage.Markdown)))
            .Concat(steps.SelectMany(step => step.Blocks.OfType<Blocks.RunBlock>()).Select(run => Placeholders.Hosts(run.Command)))
            .DefaultIfEmpty(1).Max();
        return Needs.Of(named with { Hosts = Math.Max(named.Hosts, hosts) }, steps);
    }

    private void NameUnknown(LocatedValue json)
    {
        foreach (var (name, value) in json.Members)
        {
            if (!TopLevel.Contains(name))
            {
                log.Unsupported(index, value.Line, "an unknown field", name, value.Column);
            }
        }

        if (json["embedded_survey_url"] is { Value: not null } survey)
        {
            log.Unsupported(index, survey.Line, "a survey is not embedded", "embedded_survey_url", survey.Column);
        }
    }

    [GeneratedRegex(@"^(intro(duction)?|finish(ed)?|step[-_ ]?(?<number>\d{1,6})[^/]*|(?<number>\d{1,6})[-_.][^/]*)\.md$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex StepFile();

    [GeneratedRegex("/_(?<language>[a-z]{2}(-[A-Za-z]{2,4})?)/", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LanguageFolder();
}
