using Sandbox.Core.Recipes;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Web.Playgrounds;

/// <summary>
/// The steps that check out a node's repositories, run inside its sandbox with its network. Git follows no protocol but
/// https, asks nobody for a password, fetches one commit, and fetches no submodule and no LFS file.
/// </summary>
internal static class RepositorySteps
{
    private static readonly string[] Git =
    [
        "env", "GIT_TERMINAL_PROMPT=0", "GIT_LFS_SKIP_SMUDGE=1", "GIT_ASKPASS=true",
        "git", "-c", "protocol.allow=never", "-c", "protocol.https.allow=always", "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30",
        "-c", "advice.detachedHead=false", "-c", "init.defaultBranch=main",
    ];

    /// <summary>The steps of all repositories of a node.</summary>
    public static IEnumerable<SetupStep> Of(SandboxId sandbox, RecipeNode node) => node.Repositories.SelectMany(Commands).Select(arguments =>
        new SetupStep(sandbox, [.. Git, .. arguments]) { Line = $"git {string.Join(' ', arguments)}" });

    private static IEnumerable<string[]> Commands(RecipeRepository repository)
    {
        yield return ["init", "--quiet", "--", repository.Path];
        yield return ["-C", repository.Path, "remote", "add", "origin", repository.Url];
        yield return ["-C", repository.Path, "fetch", "--no-tags", "--depth", "1", "--no-recurse-submodules", "origin", repository.Ref ?? "HEAD"];
        yield return ["-C", repository.Path, "checkout", "--quiet", "FETCH_HEAD"];
    }
}
