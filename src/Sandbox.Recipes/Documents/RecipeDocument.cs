using System.Globalization;
using System.Text.Json;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Documents;

/// <summary>
/// A recipe as people write it: YAML or JSON. The fields are those of the canonical JSON, and commands, ports and
/// terminals have short forms. The fields of the only node may stand at the top.
/// <code>
/// # yaml-language-server: $schema=https://sandbox.example/schemas/recipe.json
/// image: debian
/// env: { GREETING: hello }
/// setup:
///   - apt-get install -y cowsay
///   - [chmod, "600", /root/key]
/// ports: [8080, { port: 9090, name: Metrics }]
/// terminals: [make test]
/// </code>
/// </summary>
public static class RecipeDocument
{
    /// <summary>The most bytes of a document.</summary>
    public const int MaxBytes = 2 * 1024 * 1024;

    /// <summary>The JSON Schema of a document.</summary>
    public static string Schema { get; } = ReadSchema();

    /// <summary>Reads a document.</summary>
    /// <param name="bytes">UTF-8, at most <see cref="MaxBytes"/>.</param>
    /// <param name="name">The file's name for the problems. One that ends in <c>.json</c> is JSON, in <c>.yaml</c> YAML; any other is JSON if it begins with a brace.</param>
    /// <param name="defaultImage">The image of a node that names none; null makes its absence a mistake.</param>
    /// <param name="itself">The repository that the document is in: the context of builds that name none; null for none.</param>
    public static RecipeReading Read(ReadOnlySpan<byte> bytes, string name, string? defaultImage = null, RecipeRepository? itself = null)
    {
        var log = new ProblemLog();
        if (Parse(bytes, name, log) is not { } value)
        {
            return new RecipeReading(null, log.All);
        }

        var recipe = new RecipeFields(name, log, itself).Read(new Fields(name, value, "", log), defaultImage);
        return new RecipeReading(log.HasMistakes ? null : recipe, [.. log.All.OrderBy(problem => problem.Line).ThenBy(problem => problem.Column)]);
    }

    private static LocatedValue? Parse(ReadOnlySpan<byte> bytes, string name, ProblemLog log)
    {
        if (DocumentText.Decode(bytes, name, MaxBytes, log) is not { } text)
        {
            return null;
        }

        var value = IsJson(name, text)
            ? LocatedJson.Parse(text, out var line, out var column, out var mistake, allowDuplicates: false)
            : LocatedYaml.Parse(text, 1, out line, out column, out mistake, allowMoreDocuments: false);
        if (value?.Kind != JsonValueKind.Object)
        {
            log.Mistake(name, value?.Line ?? line, mistake ?? "a recipe must be a mapping of fields", column: value?.Column ?? column);
            return null;
        }

        return value;
    }

    private static bool IsJson(string name, string text) => Path.GetExtension(name).ToLower(CultureInfo.InvariantCulture) switch
    {
        ".json" or ".jsonc" => true,
        ".yaml" or ".yml" => false,
        _ => text.AsSpan().TrimStart().StartsWith("{"),
    };

    private static string ReadSchema()
    {
        using var reader = new StreamReader(typeof(RecipeDocument).Assembly.GetManifestResourceStream("recipe.schema.json") ?? throw new InvalidOperationException("recipe.schema.json is not embedded"));
        return reader.ReadToEnd();
    }
}
