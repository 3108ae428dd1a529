using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Backends;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Checks;
using Sandbox.Tutorials.Markup;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Tutorials.Educates;

/// <summary>
/// A workshop: pages below <c>workshop/content/</c>, in the order of <c>workshop/modules.yaml</c> with
/// <c>workshop/workshop.yaml</c>, else of their names; <c>resources/workshop.yaml</c> describes it.
/// </summary>
internal static partial class Workshop
{
    private const string Content = "workshop/content";

    /// <summary>The folder that a content folder belongs to; null when a path is none.</summary>
    public static string? RootOf(string folder) => folder == Content ? "" : folder.EndsWith("/" + Content, StringComparison.Ordinal) ? folder[..^(Content.Length + 1)] : null;

    public static Scenario Read(TutorialSource source, string root)
    {
        var log = new ProblemLog();
        var resource = Yaml(source, TutorialSource.Join(root, "resources/workshop.yaml"), log);
        var spec = resource?["spec"];
        var steps = Pages(source, root, log).Select(file => ReadPage(source, root, file, log)).ToList();
        var applications = spec?["session"]?["applications"];
        var needsCluster = steps.SelectMany(step => step.Blocks.OfType<RunBlock>()).Any(run => Kubectl().IsMatch(run.Command));
        var docker = applications?["docker"]?["enabled"]?.IsTrue ?? false;
        var name = TutorialSource.NameOf(root) is { Length: > 0 } last ? last : source.Name;
        var backend = needsCluster ? new Backend(BackendKind.Kubernetes, "", null)
            : docker ? new Backend(BackendKind.Docker, "ubuntu-docker", null)
            : new Backend(BackendKind.Container, "ubuntu", null);
        var tutorial = new Tutorial
        {
            Format = TutorialFormat.Educates,
            Path = root,
            Title = Headings.Plain(spec?.ValueOf("title") ?? name),
            Summary = spec?.ValueOf("description") ?? "",
            Difficulty = spec?.ValueOf("difficulty"),
            Time = spec?.ValueOf("duration"),
            Backend = Needs.Of(backend, steps),
            Layout = new Layout { Editor = applications?["editor"]?["enabled"]?.IsTrue ?? false, Terminals = spec?["session"]?["applications"]?["terminal"]?.ValueOf("layout") is "split" or "split/2" ? 2 : 1, EditorPath = "/root" },
            Steps = steps,
        };
        Linting.TutorialLint.Check(tutorial, log);
        return new Scenario(tutorial, log.All);
    }

    private static List<string> Pages(TutorialSource source, string root, ProblemLog log)
    {
        var content = TutorialSource.Join(root, Content);
        var files = source.Files.Where(file => file.StartsWith(content + "/", StringComparison.Ordinal) && file.EndsWith(".md", StringComparison.Ordinal)).ToList();
        var index = TutorialSource.Join(root, "workshop/workshop.yaml");
        if (Yaml(source, index, log)?["modules"]?["activate"] is not { Items.Count: > 0 } activate)
        {
            return files;
        }

        var ordered = new List<string>();
        foreach (var item in activate.Items)
        {
            var file = $"{content}/{item.Value}.md";
            if (item.Value is not null && source.Has(file))
            {
                ordered.Add(file);
            }
            else
            {
                log.Unsupported(index, item.Line, $"the page {item.Value} is missing", "modules.activate", item.Column);
            }
        }

        return ordered;
    }

    private static Step ReadPage(TutorialSource source, string root, string file, ProblemLog log)
    {
        var text = Tokens.Clean(source.ReadText(file, log) ?? "");
        var (values, body) = FrontMatter.Split(file, text, log);
        var reader = new EducatesReader(file, log, name => FindTest(source, root, name, log));
        var markdown = reader.Read(body);
        Pictures.Check(source, file, body, log);
        return new Step
        {
            Title = Headings.Plain(values?.ValueOf("title") ?? Headings.First(body) ?? TutorialSource.NameOf(file)),
            File = file,
            Passages = [new Passage(markdown, [])],
            Blocks = reader.Blocks,
        };
    }

    /// <summary>A test of <c>examiner:execute-test</c>: a script with just that name.</summary>
    private static Script? FindTest(TutorialSource source, string root, string name, ProblemLog log)
    {
        var file = TutorialSource.Join(root, $"workshop/examiner/tests/{name}");
        return source.Has(file) && source.ReadText(file, log) is { } text ? new Script(file, text.ReplaceLineEndings("\n")) : null;
    }

    private static LocatedValue? Yaml(TutorialSource source, string file, ProblemLog log)
    {
        if (!source.Has(file))
        {
            return null;
        }

        var yaml = LocatedYaml.Parse(source.ReadText(file, log) ?? "", 1, out var line, out var column, out var mistake);
        if (yaml is null)
        {
            log.Unsupported(file, line, $"cannot be read: {mistake}", column: column);
        }

        return yaml;
    }

    [GeneratedRegex(@"(^|[\s;&|(])(kubectl|helm|oc)\s", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Kubectl();
}
