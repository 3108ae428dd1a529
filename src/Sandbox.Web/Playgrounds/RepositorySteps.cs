using Sandbox.Core.Recipes;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Web.Playgrounds;

/// <summary>The steps that check out a node's repositories, one commit each, run inside its sandbox with its network.</summary>
internal static class RepositorySteps
{
    /// <summary>The steps of all repositories of a node.</summary>
    public static IEnumerable<SetupStep> Of(SandboxId sandbox, RecipeNode node) => node.Repositories.SelectMany(Commands).Select(arguments =>
        new SetupStep(sandbox, GitCommand.Of(arguments)) { Line = $"git {string.Join(' ', arguments)}" });

    private static IEnumerable<string[]> Commands(RecipeRepository repository)
    {
        yield return ["init", "--quiet", "--", repository.Path];
        yield return ["-C", repository.Path, "remote", "add", "origin", repository.Url];
        yield return ["-C", repository.Path, "fetch", "--no-tags", "--depth", "1", "--no-recurse-submodules", "origin", repository.Ref ?? "HEAD"];
        yield return ["-C", repository.Path, "checkout", "--quiet", "FETCH_HEAD"];
    }
}
