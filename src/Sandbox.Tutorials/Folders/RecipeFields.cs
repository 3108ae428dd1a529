using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sandbox.Core.Recipes;
using Sandbox.Tutorials.Problems;

namespace Sandbox.Tutorials.Folders;

/// <summary>Reads where a tutorial runs: one of <c>image</c>, <c>nodes</c>, <c>recipe</c> and <c>link</c>.</summary>
internal sealed partial class RecipeFields(string file, ProblemLog log)
{
    private static readonly string[] Places = ["image", "nodes", "recipe", "link"];

    public (Recipe? Recipe, string? Link) Read(Fields fields)
    {
        var image = fields.Text("image", RecipeRules.MaxImageLength);
        var link = fields.Text("link", 200);
        var recipe = fields.Mapping("recipe");
        var nodes = (recipe ?? fields).Mappings("nodes", 16).Select(ReadNode).ToList();
        var named = Places.Count(name => fields.Get(name) is not null);
        if (named != 1)
        {
            log.Mistake(file, fields.Value.Line, named == 0 ? "one of image, nodes, recipe or link is needed" : "only one of image, nodes, recipe and link can stand", "image", fields.Value.Column);
        }

        recipe?.End();
        if (image is not null)
        {
            return (Recipe.FromImage(image), null);
        }

        if (nodes.Count == 0)
        {
            return (null, link);
        }

        var read = new Recipe { Nodes = nodes };
        foreach (var mistake in RecipeRules.Validate(read))
        {
            // Each begins with the path of its field: "nodes[0].files[2].mode: …"
            var parts = mistake.Split(": ", 2);
            var at = Locate(recipe?.Value ?? fields.Value, parts[0]);
            log.Mistake(file, at.Line, parts[^1], recipe is null ? parts[0] : "recipe." + parts[0], at.Column);
        }

        return (read, null);
    }

    private static RecipeNode ReadNode(Fields fields)
    {
        var node = new RecipeNode
        {
            Name = fields.Text("name", RecipeRules.MaxNameLength) ?? "main",
            Image = fields.Text("image", RecipeRules.MaxImageLength, required: true) ?? "",
            Env = ReadEnv(fields),
            Workdir = fields.Text("workdir", 1000),
            User = fields.Text("user", RecipeRules.MaxUserLength),
            Network = fields.Text("network", 32) ?? NetworkPolicy.Egress,
            Isolation = fields.Text("isolation", RecipeRules.MaxNameLength),
            Files = [.. fields.Mappings("files", RecipeRules.MaxFiles).Select(ReadFile)],
            Setup = [.. fields.Items("setup", RecipeRules.MaxSetup).Select(ReadCommand)],
        };
        fields.End();
        return node;
    }

    private static RecipeFile ReadFile(Fields fields)
    {
        var read = new RecipeFile
        {
            Path = fields.Text("path", 4096, required: true) ?? "",
            Text = fields.Get("text")?.Text,
            Base64 = fields.Get("base64")?.Text,
            Mode = fields.Text("mode", 8),
        };
        fields.End();
        return read;
    }

    /// <summary>An argv, or a text for the shell.</summary>
    private static IReadOnlyList<string> ReadCommand(LocatedValue command) =>
        command.Kind == JsonValueKind.Array ? [.. command.Items.Select(item => item.Text ?? "")] : ["sh", "-c", command.Text ?? ""];

    private static Dictionary<string, string> ReadEnv(Fields fields)
    {
        var env = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in fields.Mapping("env")?.Value.Members ?? new Dictionary<string, LocatedValue>(StringComparer.Ordinal))
        {
            env[name] = value.Text ?? "";
        }

        return env;
    }

    private static LocatedValue Locate(LocatedValue value, string path)
    {
        foreach (Match part in Part().Matches(path))
        {
            var next = part.Groups["index"] is { Success: true } index && int.TryParse(index.ValueSpan, CultureInfo.InvariantCulture, out var number)
                ? number < value.Items.Count ? value.Items[number] : null
                : value[part.Groups["name"].Value];
            if (next is null)
            {
                break;
            }

            value = next;
        }

        return value;
    }

    [GeneratedRegex(@"\[(?<index>\d{1,6})\]|(?<name>\w+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Part();
}
