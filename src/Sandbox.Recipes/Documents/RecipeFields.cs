using System.Text.Json;
using Sandbox.Core.Networks;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Documents;

/// <summary>
/// The fields of a recipe: the only place that knows them beside <c>recipe.schema.json</c>. It reads shapes; their
/// bounds are <see cref="RecipeRules"/>, whose mistakes get their line and column here.
/// </summary>
/// <param name="file">The document, for the problems.</param>
/// <param name="log">Takes the problems.</param>
/// <param name="itself">The repository that the document is in: the context of builds that name none; null for none.</param>
public sealed class RecipeFields(string file, ProblemLog log, RecipeRepository? itself = null)
{
    /// <summary>Reads a mapping that is a recipe and nothing else. The result is not valid if the log has a mistake.</summary>
    public Recipe Read(Fields fields, string? defaultImage = null)
    {
        // For editors, in JSON.
        fields.Get("$schema");
        var version = fields.WholeNumber("version") ?? RecipeJson.Version;
        var isShort = fields.Get("nodes") is null;
        var recipe = new Recipe
        {
            Version = version,
            Nodes = isShort ? [ReadNode(fields, defaultImage)] : ReadNodeList(fields, defaultImage),
            Parameters = fields.Each("parameters", (item, path) => ReadParameter(fields.Inside(item, path)), most: 1000),
            Terminals = fields.Each("terminals", (item, path) => ReadTerminal(fields, item, path), most: 1000),
        };
        fields.End();
        Validate(recipe, fields, isShort);
        return recipe;
    }

    /// <summary>Reads the list <c>nodes</c> of a mapping that has other fields too; null when there is none.</summary>
    public Recipe? ReadNodes(Fields fields)
    {
        if (fields.Get("nodes") is null)
        {
            return null;
        }

        var recipe = new Recipe { Nodes = ReadNodeList(fields, null) };
        Validate(recipe, fields, isShort: false);
        return recipe;
    }

    private IReadOnlyList<RecipeNode> ReadNodeList(Fields fields, string? defaultImage) => fields.Each("nodes", (item, path) =>
    {
        if (fields.Inside(item, path) is not { } node)
        {
            return new RecipeNode { Image = "" };
        }

        var read = ReadNode(node, defaultImage);
        node.End();
        return read;
    });

    private RecipeNode ReadNode(Fields fields, string? defaultImage)
    {
        var image = fields.Scalar("image");
        var build = ReadBuild(fields.Mapping("build"));
        if (image is null && build is null && defaultImage is null && fields.Get("image")?.Text is null)
        {
            fields.Mistake("image", "is missing");
        }

        return new RecipeNode
        {
            Name = fields.Scalar("name") ?? RecipeNode.DefaultName,
            Image = image ?? (build is null ? defaultImage : null) ?? "",
            Build = build,
            Env = ReadTexts(fields, "env"),
            Workdir = fields.Scalar("workdir"),
            User = fields.Scalar("user"),
            Network = fields.Scalar("network") ?? NetworkPolicy.Egress,
            Domains = fields.Texts("domains", most: 1000),
            Isolation = fields.Scalar("isolation"),
            Files = fields.Each("files", (item, path) => ReadFile(fields.Inside(item, path)), most: 1000),
            Setup = fields.Each("setup", (item, path) => ReadCommand(fields, item, path), most: 1000),
            Ports = fields.Each("ports", (item, path) => ReadPort(fields, item, path), most: 1000),
            Volumes = fields.Each("volumes", (item, path) => ReadVolume(fields.Inside(item, path)), most: 1000),
            Resources = ReadResources(fields.Mapping("resources")),
            Repositories = fields.Each("repositories", (item, path) => ReadRepository(fields.Inside(item, path)), most: 1000),
        };
    }

    /// <summary>Texts by name; null is an empty one.</summary>
    private static Dictionary<string, string> ReadTexts(Fields fields, string field)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (fields.Mapping(field) is { } mapping)
        {
            foreach (var (name, value) in mapping.Value.Members)
            {
                texts[name] = value.Kind == JsonValueKind.Null ? "" : fields.TextOf(value, $"{fields.PathOf(field)}.{name}") ?? "";
            }
        }

        return texts;
    }

    private RecipeBuild? ReadBuild(Fields? fields)
    {
        if (fields is null)
        {
            return null;
        }

        var read = new RecipeBuild
        {
            Url = fields.Scalar("url"),
            Ref = fields.Scalar("ref"),
            Context = Relative(fields.Scalar("context")),
            Dockerfile = Relative(fields.Scalar("dockerfile")),
            Target = fields.Scalar("target"),
            Args = ReadTexts(fields, "args"),
            Files = fields.Each("files", (item, path) => ReadFile(fields.Inside(item, path)), most: 1000),
        };
        fields.End();
        return read is { Url: null, Ref: null, Files.Count: 0 } && itself is not null ? read with { Url = itself.Url, Ref = itself.Ref } : read;

        // As people write it: . is the root, and a folder may end with a slash.
        static string? Relative(string? path) => path is null or "." or "./" ? null : (path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path).TrimEnd('/') is { Length: > 0 } plain ? plain : path;
    }

    private static RecipeFile ReadFile(Fields? fields)
    {
        if (fields is null)
        {
            return new RecipeFile { Path = "" };
        }

        var read = new RecipeFile
        {
            Path = Required(fields, "path"),
            Text = fields.Scalar("text"),
            Base64 = fields.Scalar("base64"),
            Mode = fields.Scalar("mode"),
        };
        fields.End();
        return read;
    }

    /// <summary>An argv, or a text for the shell.</summary>
    private static IReadOnlyList<string> ReadCommand(Fields fields, LocatedValue command, string path)
    {
        if (command.Kind == JsonValueKind.Array)
        {
            return [.. command.Items.Select((word, at) => fields.TextOf(word, $"{path}[{at}]") ?? "")];
        }

        if (command.Text is null)
        {
            fields.Mistake(command, path, "must be a command line or a list of words");
        }

        return ["/bin/sh", "-c", command.Text ?? ""];
    }

    private static RecipePort ReadPort(Fields fields, LocatedValue port, string path)
    {
        if (port.Text is not null)
        {
            return new RecipePort { Port = int.TryParse(port.Text, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : 0 };
        }

        if (fields.Inside(port, path, "must be a port number, or a mapping with port and name") is not { } mapping)
        {
            return new RecipePort { Port = 0 };
        }

        var read = new RecipePort { Port = mapping.WholeNumber("port") ?? 0, Name = mapping.Scalar("name") };
        mapping.End();
        return read;
    }

    private static RecipeResources? ReadResources(Fields? fields)
    {
        if (fields is null)
        {
            return null;
        }

        var read = new RecipeResources { CpuPercent = fields.WholeNumber("cpuPercent"), MemoryMiB = fields.WholeNumber("memoryMiB"), DiskMiB = fields.WholeNumber("diskMiB") };
        fields.End();
        return read;
    }

    private static RecipeVolume ReadVolume(Fields? fields)
    {
        if (fields is null)
        {
            return new RecipeVolume { Name = "", Path = "" };
        }

        var read = new RecipeVolume { Name = Required(fields, "name"), Path = Required(fields, "path"), SizeMiB = fields.WholeNumber("sizeMiB"), ReadOnly = fields.Flag("readOnly") };
        fields.End();
        return read;
    }

    private static RecipeRepository ReadRepository(Fields? fields)
    {
        if (fields is null)
        {
            return new RecipeRepository { Url = "", Path = "" };
        }

        var read = new RecipeRepository { Url = Required(fields, "url"), Ref = fields.Scalar("ref"), Path = Required(fields, "path") };
        fields.End();
        return read;
    }

    private static RecipeParameter ReadParameter(Fields? fields)
    {
        if (fields is null)
        {
            return new RecipeParameter { Name = "" };
        }

        var read = new RecipeParameter
        {
            Name = Required(fields, "name"),
            Title = fields.Scalar("title"),
            Help = fields.Scalar("help")?.TrimEnd('\n'),
            Type = ReadType(fields),
            Default = fields.Scalar("default"),
            Choices = fields.Texts("choices", most: 1000),
            MaxLength = fields.WholeNumber("maxLength"),
            IsSecret = fields.Flag("secret"),
            IsRequired = fields.Flag("required"),
        };
        fields.End();
        return read;
    }

    private static RecipeParameterType ReadType(Fields fields)
    {
        switch (fields.Scalar("type"))
        {
            case null or "text":
                return RecipeParameterType.Text;
            case "number":
                return RecipeParameterType.Number;
            case "boolean":
                return RecipeParameterType.Boolean;
            case "choice":
                return RecipeParameterType.Choice;
            default:
                fields.Mistake("type", "must be text, number, boolean or choice");
                return RecipeParameterType.Text;
        }
    }

    private static RecipeTerminal ReadTerminal(Fields fields, LocatedValue terminal, string path)
    {
        if (terminal.Text is not null)
        {
            return new RecipeTerminal { Run = terminal.Text.TrimEnd('\n') };
        }

        if (terminal.Kind == JsonValueKind.Array)
        {
            return new RecipeTerminal { Command = ReadCommand(fields, terminal, path) };
        }

        if (fields.Inside(terminal, path, "must be a line to run, a list of words, or a mapping of fields") is not { } mapping)
        {
            return new RecipeTerminal();
        }

        var read = new RecipeTerminal
        {
            Node = mapping.Scalar("node"),
            Title = mapping.Scalar("title"),
            Command = mapping.Get("command") is { Kind: not JsonValueKind.Null } command ? ReadCommand(mapping, command, mapping.PathOf("command")) : [],
            Run = mapping.Scalar("run")?.TrimEnd('\n'),
        };
        mapping.End();
        return read;
    }

    private static string Required(Fields fields, string name)
    {
        if (fields.Get(name) is not { Kind: not JsonValueKind.Null })
        {
            fields.Mistake(name, "is missing");
        }

        return fields.Scalar(name) ?? "";
    }

    /// <summary>Adds the mistakes of the rules, unless the field has one already. Each begins with the path of its field: <c>nodes[0].files[2].mode: …</c></summary>
    private void Validate(Recipe recipe, Fields fields, bool isShort)
    {
        const string firstNode = "nodes[0].";
        var named = log.All.Where(problem => problem.Kind == ProblemKind.Mistake).Select(problem => problem.Field).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var mistake in RecipeRules.Validate(recipe))
        {
            var parts = mistake.Split(": ", 2);
            var path = isShort && parts[0].StartsWith(firstNode, StringComparison.Ordinal) ? parts[0][firstNode.Length..] : parts[0];
            if (!Around(fields.PathOf(path)).Any(named.Contains))
            {
                var at = fields.Value.Find(path);
                log.Mistake(file, at.Line, parts[^1], fields.PathOf(path), at.Column);
            }
        }
    }

    /// <summary>A path and those around it.</summary>
    private static IEnumerable<string> Around(string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOfAny(['.', '['], end - 1))
        {
            yield return path[..end];
        }
    }
}
