namespace Sandbox.Web.Playgrounds;

/// <summary>
/// Git as it is run inside sandboxes: it follows no protocol but https, asks nobody for a password, and fetches no
/// submodule and no LFS file. A host that sends less than 1 kB/s for 30 s is given up.
/// </summary>
internal static class GitCommand
{
    private static readonly string[] Safely =
    [
        "env", "GIT_TERMINAL_PROMPT=0", "GIT_LFS_SKIP_SMUDGE=1", "GIT_ASKPASS=true", "LC_ALL=C.UTF-8",
        "git", "-c", "protocol.allow=never", "-c", "protocol.https.allow=always", "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30",
        "-c", "advice.detachedHead=false", "-c", "init.defaultBranch=main",
    ];

    /// <summary>The argv of a git command.</summary>
    public static string[] Of(params IEnumerable<string> arguments) => [.. Safely, .. arguments];
}
