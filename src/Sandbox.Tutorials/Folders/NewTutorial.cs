using System.Text.Json;
using System.Text.Json.Nodes;
using Sandbox.Core.Errors;
using Sandbox.Recipes.Documents;

namespace Sandbox.Tutorials.Folders;

/// <summary>A tutorial to begin with: two steps, each with a check and a solution, and a workflow that tests them.</summary>
public static class NewTutorial
{
    private const string Prefix = "new/";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The JSON Schema of <c>tutorial.yaml</c>. The definitions of recipes are added to it.</summary>
    public static string Schema
    {
        get
        {
            using var tutorial = Resource("tutorial.schema.json");
            var schema = JsonNode.Parse(tutorial)!;
            var recipe = JsonNode.Parse(RecipeDocument.Schema)!.AsObject();
            var definitions = recipe["$defs"]!.AsObject();
            recipe.Remove("$defs");
            recipe.Remove("$schema");
            definitions["recipe"] = recipe;
            schema["$defs"] = definitions;
            return schema.ToJsonString(Indented);
        }
    }

    /// <summary>Writes its files into a folder, which is made; one that has anything in it is refused.</summary>
    public static IReadOnlyList<string> Write(string folder)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
        {
            throw new SandboxException(ErrorCode.Conflict, $"{folder} exists and is not an empty folder");
        }

        Directory.CreateDirectory(folder);
        var written = new List<string>();
        foreach (var name in typeof(NewTutorial).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var path = Path.Combine(folder, name[Prefix.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var content = Resource(name);
            using var file = new FileStream(path, FileMode.CreateNew);
            content.CopyTo(file);
            written.Add(path);
        }

        return written;
    }

    private static Stream Resource(string name) => typeof(NewTutorial).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not embedded");
}
