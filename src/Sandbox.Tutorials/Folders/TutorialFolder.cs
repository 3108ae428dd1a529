using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Documents;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Backends;
using Sandbox.Tutorials.Checks;
using Sandbox.Tutorials.Linting;
using Sandbox.Tutorials.Markup;
using Sandbox.Tutorials.Rendering;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Tutorials.Folders;

/// <summary>
/// Our format: a folder with <c>tutorial.yaml</c>, a Markdown file per step, and beside <c>02-name.md</c> optional scripts
/// <c>02-name.setup.sh</c>, <c>.start.sh</c>, <c>.verify.sh</c>, <c>.hint.sh</c> and <c>.solve.sh</c>.
/// </summary>
internal sealed partial class TutorialFolder
{
    public const string FileName = "tutorial.yaml";

    private static readonly string[] Places = ["image", "nodes", "recipe", "link"];
    private static readonly string[] Scripts = ["setup", "start", "verify", "hint", "solve"];

    private readonly TutorialSource source;
    private readonly string folder;
    private readonly string file;
    private readonly ProblemLog log = new();

    private TutorialFolder(TutorialSource source, string folder)
    {
        this.source = source;
        this.folder = folder;
        file = TutorialSource.Join(folder, FileName);
    }

    public static Scenario Read(TutorialSource source, string folder) => new TutorialFolder(source, folder).Read();

    private Scenario Read()
    {
        var name = TutorialSource.NameOf(folder) is { Length: > 0 } last ? last : source.Name;
        var yaml = LocatedYaml.Parse(source.ReadText(file, log) ?? "", 1, out var line, out var column, out var mistake);
        if (yaml?.Kind != JsonValueKind.Object)
        {
            log.Mistake(file, line, mistake ?? "a tutorial must be a mapping of fields", column: column);
            return Finish(new Tutorial { Format = TutorialFormat.Sandbox, Path = folder, Title = name, Backend = new Backend(BackendKind.Unknown, "", null) });
        }

        var fields = new Fields(file, yaml, "", log);
        var title = fields.Text("title", 120, required: true);
        var summary = fields.Text("summary", 500);
        var difficulty = fields.Text("difficulty");
        if (difficulty is not (null or "beginner" or "intermediate" or "advanced"))
        {
            fields.Mistake("difficulty", "must be beginner, intermediate or advanced");
        }

        var cover = fields.Text("cover", 1000);
        if (cover is not null && !Absolute().IsMatch(cover) && Find(cover) is null)
        {
            fields.Mistake("cover", $"the file {cover} is missing");
        }

        var time = fields.Text("time", 40);
        var reports = fields.Text("reports", 500);
        if (reports is not null && !(Uri.TryCreate(reports, UriKind.Absolute, out var place) && place.Scheme is "https" or "mailto"))
        {
            fields.Mistake("reports", "must be an https or mailto address");
            reports = null;
        }

        var (recipe, link) = ReadPlace(fields);
        var docker = fields.Flag("docker");
        var gated = fields.Flag("gated");
        var parameters = ReadParameters(fields);
        var steps = ReadSteps(fields);
        CheckParameters(steps, parameters);
        var tutorial = new Tutorial
        {
            Format = TutorialFormat.Sandbox,
            Path = folder,
            Title = title is null ? name : Headings.Plain(title),
            Summary = summary ?? "",
            Difficulty = difficulty,
            Time = time,
            Cover = cover,
            Recipe = recipe,
            Link = link,
            Backend = new Backend(docker ? BackendKind.Docker : BackendKind.Container, recipe is { Nodes: [var node, ..] } ? node.Image : "", link), // its recipe starts all the nodes that it needs
            Parameters = parameters,
            Assets = ReadAssets(fields),
            Layout = ReadLayout(fields),
            Steps = steps,
            IsGated = gated,
            Reports = reports,
            Next = fields.Texts("next", 10),
        };
        fields.End();
        return Finish(tutorial);
    }

    private Scenario Finish(Tutorial tutorial)
    {
        TutorialLint.Check(tutorial, log);
        var mistakes = log.All.Where(problem => problem.Kind == ProblemKind.Mistake).ToList();
        return new Scenario(tutorial, log.All, mistakes.Count == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{mistakes.Count} mistakes; the first is {mistakes[0]}"));
    }

    /// <summary>Where the tutorial runs: one of <c>image</c>, <c>nodes</c>, <c>recipe</c> and <c>link</c>.</summary>
    private (Recipe? Recipe, string? Link) ReadPlace(Fields fields)
    {
        var image = fields.Text("image", RecipeRules.MaxImageLength);
        var link = fields.Text("link", 200);
        var reader = new RecipeFields(file, log);
        var recipe = fields.Mapping("recipe") is { } mapping ? reader.Read(mapping) : reader.ReadNodes(fields);
        var named = Places.Count(name => fields.Get(name) is not null);
        if (named != 1)
        {
            log.Mistake(file, fields.Value.Line, named == 0 ? "one of image, nodes, recipe or link is needed" : "only one of image, nodes, recipe and link can stand", "image", fields.Value.Column);
        }

        return (image is null ? recipe : Recipe.FromImage(image), image is null && recipe is null ? link : null);
    }

    private static List<Parameter> ReadParameters(Fields fields)
    {
        var parameters = new List<Parameter>();
        foreach (var entry in fields.Mappings("parameters", 50))
        {
            var name = entry.Text("name", 40, required: true);
            var prompt = entry.Text("prompt");
            var choices = entry.Texts("choices", 50);
            var standard = entry.Get("default")?.Text ?? (choices is [var first, ..] ? first : "");
            if (standard.Length > ParameterText.MaxValueLength)
            {
                entry.Mistake("default", $"has more than {ParameterText.MaxValueLength} characters");
            }
            else if (choices.Count > 0 && !choices.Contains(standard, StringComparer.Ordinal))
            {
                entry.Mistake("default", "must be one of the choices");
            }

            if (name is not null && !ParameterName().IsMatch(name))
            {
                entry.Mistake("name", "must begin with a letter and have only letters, digits and _");
            }
            else if (name is not null && parameters.Exists(parameter => parameter.Name == name))
            {
                entry.Mistake("name", $"{name} appears twice");
            }
            else if (name is not null)
            {
                parameters.Add(new Parameter(name, prompt ?? name, standard, choices));
            }

            entry.End();
        }

        return parameters;
    }

    private void CheckParameters(List<Step> steps, List<Parameter> parameters)
    {
        var known = parameters.Select(parameter => parameter.Name).Concat(steps.SelectMany(step => step.Blocks.OfType<Blocks.ParameterBlock>()).Select(block => block.Name)).ToHashSet(StringComparer.Ordinal);
        foreach (var step in steps)
        {
            foreach (var condition in step.Passages.SelectMany(passage => passage.When).Where(condition => !known.Contains(condition.Parameter)).Distinct())
            {
                log.Mistake(step.File ?? file, 1, $":::when names the unknown parameter {condition.Parameter}");
            }
        }
    }

    private List<Asset> ReadAssets(Fields fields)
    {
        var assets = new List<Asset>();
        foreach (var entry in fields.Mappings("assets"))
        {
            var reference = entry.Text("file", 500, required: true);
            var target = entry.Text("target", 1000, required: true);
            var mode = entry.Text("mode", 8);
            if (reference is not null && Find(reference) is null)
            {
                entry.Mistake("file", $"the file {reference} is missing");
            }
            else if (reference is not null && target is not null)
            {
                assets.Add(new Asset(Find(reference)!, target, mode));
            }

            entry.End();
        }

        return assets;
    }

    private static Layout ReadLayout(Fields fields)
    {
        if (fields.Mapping("layout") is not { } layout)
        {
            return new Layout();
        }

        var editor = layout.Flag("editor");
        var path = layout.Text("editorPath", 1000) ?? "/root";
        var terminals = 1;
        if (layout.Get("terminals")?.Text is { } count && (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out terminals) || terminals is < 1 or > 6))
        {
            layout.Mistake("terminals", "must be a number from 1 to 6");
            terminals = 1;
        }

        layout.End();
        return new Layout { Editor = editor, EditorPath = path, Terminals = terminals };
    }

    private List<Step> ReadSteps(Fields fields)
    {
        var steps = new List<Step>();
        foreach (var entry in fields.Mappings("steps"))
        {
            var reference = entry.Text("file", 500, required: true);
            var title = entry.Text("title", 120);
            var path = reference is null ? null : Find(reference);
            if (reference is not null && path is null)
            {
                entry.Mistake("file", $"the file {reference} is missing");
            }

            var scripts = Scripts.ToDictionary(kind => kind, kind => ReadScript(entry, kind, path), StringComparer.Ordinal);
            entry.End();
            steps.Add(ReadStep(path, title, steps.Count + 1) with
            {
                Setup = scripts["setup"],
                Start = scripts["start"],
                Check = scripts["verify"] is { } verify ? new Check(verify, PassRule.ExitCode) : null,
                Hint = scripts["hint"],
                Solve = scripts["solve"],
            });
        }

        if (steps.Count == 0 && fields.Value["steps"]?.Items is not { Count: > 0 })
        {
            fields.Mistake("steps", "there is no step");
        }

        return steps;
    }

    private Step ReadStep(string? path, string? title, int number)
    {
        if (path is null)
        {
            return new Step { Title = title ?? $"Step {number}" };
        }

        var (values, body) = FrontMatter.Split(path, Tokens.Clean(source.ReadText(path, log) ?? ""), log);
        var reader = new FolderReader(path, log);
        var passages = reader.ReadPage(body);
        Pictures.Check(source, path, body, log);
        return new Step
        {
            Title = Headings.Plain(title ?? values?.ValueOf("title") ?? Headings.First(body) ?? $"Step {number}"),
            File = path,
            Passages = passages,
            Blocks = reader.Blocks,
        };
    }

    /// <summary>The script that the step names, or the one beside its file.</summary>
    private Script? ReadScript(Fields entry, string kind, string? step)
    {
        var reference = entry.Text(kind, 500);
        var path = reference is not null ? Find(reference) : step is null ? null : step[..^Path.GetExtension(step).Length] + $".{kind}.sh";
        if (reference is not null && path is null)
        {
            entry.Mistake(kind, $"the file {reference} is missing");
        }

        return path is not null && source.ReadText(path, log) is { } text ? new Script(path, text) : null;
    }

    private string? Find(string reference) => TutorialSource.Resolve(folder, reference) is { } path && source.Has(path) ? path : null;

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_]*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ParameterName();

    [GeneratedRegex("^https?://", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Absolute();
}
