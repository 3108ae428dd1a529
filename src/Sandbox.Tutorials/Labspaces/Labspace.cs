using System.Text.Json;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Backends;
using Sandbox.Tutorials.Markup;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Tutorials.Labspaces;

/// <summary>
/// Docker's labs: <code>labspace.yaml: title, description, sections: [{title, contentPath}], variables</code>
/// </summary>
internal static class Labspace
{
    public static Scenario Read(TutorialSource source, string file)
    {
        var log = new ProblemLog();
        var folder = TutorialSource.FolderOf(file);
        var name = TutorialSource.NameOf(folder) is { Length: > 0 } last ? last : source.Name;
        if (LocatedYaml.Parse(source.ReadText(file, log) ?? "", 1, out var line, out var column, out var mistake) is not { Kind: JsonValueKind.Object } yaml)
        {
            mistake ??= "not a mapping";
            log.Mistake(file, line, $"cannot be read: {mistake}", column: column);
            var empty = new Tutorial { Format = TutorialFormat.Labspace, Path = folder, Title = name, Backend = new Backend(BackendKind.Unknown, "", null) };
            return new Scenario(empty, log.All, $"labspace.yaml cannot be read: {mistake}");
        }

        var metadata = yaml["metadata"] ?? yaml;
        var sections = yaml["sections"]?.Items ?? [];
        var steps = sections.Select((section, number) => ReadSection(source, file, section, number, log)).ToList();
        if (steps.Count == 0)
        {
            log.Unsupported(file, 1, "there are no sections", "sections");
        }

        var tutorial = new Tutorial
        {
            Format = TutorialFormat.Labspace,
            Path = folder,
            Title = Headings.Plain(yaml.ValueOf("title") ?? metadata.ValueOf("title") ?? name),
            Summary = yaml.ValueOf("description") ?? metadata.ValueOf("description") ?? "",
            Backend = new Backend(BackendKind.Docker, "ubuntu-docker", null),
            Parameters = ReadVariables(yaml["variables"]),
            Layout = new Layout { Editor = true, EditorPath = "/home/coder/project" },
            Steps = steps,
        };
        Linting.TutorialLint.Check(tutorial, log);
        return new Scenario(tutorial, log.All);
    }

    private static Step ReadSection(TutorialSource source, string file, LocatedValue section, int number, ProblemLog log)
    {
        var title = section.ValueOf("title");
        var reference = section.ValueOf("contentPath");
        var field = $"sections[{number}].contentPath";
        if (reference is null || TutorialSource.Resolve(TutorialSource.FolderOf(file), reference) is not { } path || !source.Has(path))
        {
            log.Unsupported(file, section.Line, reference is null ? "the section has no contentPath" : $"the file {reference} is missing", field, section.Column);
            return new Step { Title = Headings.Plain(title ?? $"Section {number + 1}") };
        }

        var text = Tokens.Clean(source.ReadText(path, log) ?? "");
        var (_, body) = FrontMatter.Split(path, text, log);
        var reader = new LabspaceReader(path, log);
        var passages = reader.ReadPage(body);
        Pictures.Check(source, path, body, log);
        return new Step { Title = Headings.Plain(title ?? Headings.First(body) ?? $"Section {number + 1}"), File = path, Passages = passages, Blocks = reader.Blocks };
    }

    /// <summary>A list of names or of objects, or a mapping from names to values.</summary>
    private static List<Parameter> ReadVariables(LocatedValue? variables) =>
    [
        .. (variables?.Items ?? []).Select(item => item.Value is { } name ? new Parameter(name, name, "", []) : new Parameter(item.ValueOf("name") ?? "", item.ValueOf("prompt") ?? item.ValueOf("name") ?? "", item.ValueOf("default") ?? item.ValueOf("value") ?? "", [])).Where(parameter => parameter.Name.Length > 0),
        .. (variables?.Members ?? new Dictionary<string, LocatedValue>(StringComparer.Ordinal)).Select(member => new Parameter(member.Key, member.Key, member.Value.Value ?? member.Value.ValueOf("default") ?? "", [])),
    ];
}
