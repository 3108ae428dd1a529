using System.Text.Json;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Compose;

/// <summary>
/// A compose file as nodes: one for each service, named like it, when the catalog has every image and the node can do what
/// the service asks for. Any other file is Docker's, in the image that has it.
/// <code>services: { db: { image: "postgres:16", environment: { POSTGRES_PASSWORD: secret } }, cache: { image: redis } }</code>
/// </summary>
public static class ComposeFile
{
    /// <summary>The image of the catalog that has Docker: it starts what a file asks for beyond nodes.</summary>
    public const string Image = "docker";

    /// <summary>What starts the services of a file there.</summary>
    public const string Command = "docker compose up";

    /// <summary>The fields of a file besides its services. Networks are one here; a volume of one service is the disk of its node.</summary>
    private static readonly string[] Known = ["version", "name", "services", "networks", "volumes"];

    /// <summary>Whether a document is a compose file, and not a recipe.</summary>
    public static bool IsOne(string text) =>
        LocatedYaml.Parse(text, 1, out _, out _, out _) is { Kind: JsonValueKind.Object } root && root["services"] is not null && root["nodes"] is null && root["image"] is null;

    /// <summary>What starts a file that has no folder: its nodes, else Docker with the file alone.</summary>
    public static Recipe ReadAlone(string text, Func<string, string?> offered) =>
        ReadNodes(text, "compose.yaml", offered, "", new ProblemLog()) ?? new Recipe
        {
            Nodes = [new RecipeNode { Image = offered(Image) ?? Image, Workdir = "/root", Files = [new RecipeFile { Path = "/root/compose.yaml", Text = text }] }],
            Terminals = [new RecipeTerminal { Run = Command }],
        };

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
                throw new NeedsDockerException(root, "services", mistake ?? "has none");
            }

            foreach (var (field, value) in root.Members.Where(member => !Known.Contains(member.Key, StringComparer.Ordinal) && !member.Key.StartsWith("x-", StringComparison.Ordinal)))
            {
                throw new NeedsDockerException(value, field, "a node has nothing like it");
            }

            if (services.Members.Count > RecipeRules.MaxNodes)
            {
                throw new NeedsDockerException(services, "services", $"more than {RecipeRules.MaxNodes}");
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
            log.Unsupported(file, e.At.Line, $"{e.Message}: {otherwise}", e.Path, e.At.Column);
            return null;
        }
    }
}
