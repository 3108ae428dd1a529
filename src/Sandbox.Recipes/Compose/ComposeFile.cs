using System.Text.Json;
using System.Text.RegularExpressions;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Documents;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Compose;

/// <summary>
/// A compose file as nodes: one for each service, named like it, when the catalog has every image and the node can do what
/// the service asks for. Any other file is Docker's, in the image that has it.
/// <code>services: { db: { image: "postgres:16", environment: { POSTGRES_PASSWORD: secret } }, cache: { image: redis } }</code>
/// </summary>
public static partial class ComposeFile
{
    /// <summary>The most bytes of a file that stands alone.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>The image of the catalog that has Docker: it starts what a file asks for beyond nodes.</summary>
    public const string Image = "docker";

    /// <summary>What starts the services of a file there.</summary>
    public const string Command = "docker compose up";

    private const string FileName = "compose.yaml";

    /// <summary>The fields of a file besides its services. Networks are one here; a volume of one service is the disk of its node.</summary>
    private static readonly string[] Known = ["version", "name", "services", "networks", "volumes"];

    /// <summary>Whether a document is a compose file, and not a recipe. One that cannot be read is, if it has a line that only such a file has.</summary>
    public static bool IsOne(string text) => LocatedYaml.Parse(text, 1, out _, out _, out var mistake) is { } root
        ? root["services"] is not null && root["nodes"] is null && root["image"] is null
        : mistake is not null && Services().IsMatch(text);

    /// <summary>What starts a file that has no folder: its nodes, else Docker with the file alone.</summary>
    /// <param name="bytes">UTF-8, at most <see cref="MaxBytes"/>.</param>
    /// <param name="offered">Gives the catalog's image of a reference, or null when there is none.</param>
    public static ComposeReading ReadAlone(ReadOnlySpan<byte> bytes, Func<string, string?> offered)
    {
        var log = new ProblemLog();
        if (DocumentText.Decode(bytes, FileName, MaxBytes, log) is not { } text)
        {
            return new ComposeReading(null, null, log.All);
        }

        var root = LocatedYaml.Parse(text, 1, out var line, out var column, out var mistake);
        if (root?["services"] is not { Kind: JsonValueKind.Object, Members.Count: > 0 } services)
        {
            var at = root?["services"] ?? root ?? LocatedValue.Null(line, column);
            log.Mistake(FileName, at.Line, mistake ?? "a compose file needs a mapping of services", mistake is null ? "services" : null, at.Column);
            return new ComposeReading(null, null, log.All);
        }

        var reasons = new ProblemLog();
        if (ReadNodes(text, FileName, offered, "", reasons) is { } nodes)
        {
            return new ComposeReading(nodes, null, reasons.All);
        }

        if (offered(Image) is not { } docker)
        {
            log.Mistake(FileName, reasons.All[0].Line, $"{reasons.All[0].What}, and the image {Image}, which could do it, is not offered here", reasons.All[0].Field, reasons.All[0].Column);
            return new ComposeReading(null, null, log.All);
        }

        FilesBeside.Name(root, FileName, log);
        var recipe = new Recipe
        {
            Nodes = [new RecipeNode { Image = docker, Workdir = "/root", Files = [new RecipeFile { Path = "/root/" + FileName, Text = text }] }],
            Terminals = [new RecipeTerminal { Run = Command }],
        };
        foreach (var rule in RecipeRules.Validate(recipe))
        {
            log.Mistake(FileName, services.Line, rule, column: services.Column);
        }

        return new ComposeReading(log.HasMistakes ? null : recipe, reasons.All[0], log.All);
    }

    /// <summary>Null when the services need Docker; the log has the first reason.</summary>
    /// <param name="text">The file.</param>
    /// <param name="file">Its path, for the problems.</param>
    /// <param name="offered">Gives the catalog's image of a reference, or null when there is none.</param>
    /// <param name="otherwise">What happens to a file that is not made of nodes, for its reason.</param>
    /// <param name="log">Takes the problems.</param>
    public static Recipe? ReadNodes(string text, string file, Func<string, string?> offered, string otherwise, ProblemLog log)
    {
        var parsed = LocatedYaml.Parse(text, 1, out var line, out var column, out var mistake);
        var root = parsed ?? LocatedValue.Null(line, column);
        var reader = new ServiceReader(offered);
        try
        {
            if (root["services"] is not { Kind: JsonValueKind.Object, Members.Count: > 0 } services)
            {
                throw new NeedsDockerException(root, "services", mistake ?? "there are no services");
            }

            foreach (var (field, value) in root.Members.Where(member => !Known.Contains(member.Key, StringComparer.Ordinal) && !member.Key.StartsWith("x-", StringComparison.Ordinal)))
            {
                throw new NeedsDockerException(value, field, ServiceReader.WhyNot(field));
            }

            if (services.Members.Count > RecipeRules.MaxNodes)
            {
                throw new NeedsDockerException(services, "services", $"there are more than {RecipeRules.MaxNodes}, the most nodes of a playground");
            }

            var recipe = new Recipe { Nodes = [.. services.Members.Select(service => reader.Read(service.Key, service.Value))] };
            if (RecipeRules.Validate(recipe) is [var rule, ..])
            {
                throw new NeedsDockerException(services, "services", rule);
            }

            foreach (var (at, field, other) in reader.Replaced)
            {
                log.Advice(file, at.Line, $"{other} of this site is started", field, at.Column);
            }

            return recipe;
        }
        catch (NeedsDockerException e)
        {
            log.Unsupported(file, e.At.Line, otherwise.Length == 0 ? e.Message : $"{e.Message}: {otherwise}", e.Path, e.At.Column);
            return null;
        }
    }

    [GeneratedRegex(@"^services[ \t]*:", RegexOptions.CultureInvariant | RegexOptions.Multiline, 1000)]
    private static partial Regex Services();
}
