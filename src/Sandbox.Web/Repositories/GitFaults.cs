using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;

namespace Sandbox.Web.Repositories;

/// <summary>Git's own words about a failure, as a code and a sentence for a person. Its output stays in the log of the reading.</summary>
internal static class GitFaults
{
    private static readonly (string[] Words, Func<string, string, (ErrorCode, string)> Fault)[] Known =
    [
        (["Could not resolve host"], (host, _) => (ErrorCode.RepositoryUnreachable, $"There is no host {host}. Check the spelling.")),
        (["couldn't find remote ref", "not our ref", "unadvertised object", "no such remote ref", "Needed a single revision"], (_, name) => (ErrorCode.NotFound, name == "HEAD" ? "There is no repository at this address, or it has no commit yet." : $"The repository has no branch, tag or commit '{name}'.")),
        (["could not read Username", "could not read Password", "terminal prompts disabled", "Authentication failed", "Repository not found", "' not found", "error: 401", "error: 403", "error: 404", "Invalid username or"], (host, _) => (ErrorCode.NotFound, $"{host} has no such repository, or it is private. Public repositories can be opened.")),
        (["' not allowed", "Unsupported protocol", "Protocol \"http\" disabled", "Protocol \"http\" not supported"], (host, _) => (ErrorCode.RepositoryUnreachable, $"{host} leads to an address that is not https.")),
        (["No space left on device", "Disk quota exceeded"], (host, _) => (ErrorCode.TooLarge, $"{host} sends more than a repository may have to be read here.")),
        (["Operation too slow"], (host, _) => (ErrorCode.RepositoryUnreachable, $"{host} stopped sending.")),
        (["SSL certificate problem", "server certificate verification failed", "certificate subject name"], (host, _) => (ErrorCode.RepositoryUnreachable, $"The certificate of {host} is not valid.")),
        (["Failed to connect", "Connection refused", "Connection timed out", "Network is unreachable", "No route to host", "Connection reset", "Couldn't connect"], (host, _) => (ErrorCode.RepositoryUnreachable, $"{host}, or the address it leads to, cannot be reached from a sandbox.")),
        (["not valid: is this a git repository", "invalid server response", "unable to update url base", "protocol error", "bad line length"], (host, _) => (ErrorCode.RepositoryUnreachable, $"{host} has no git repository at this address.")),
        (["git': No such file", "git: not found"], (_, _) => (ErrorCode.CommandNotFound, "The image in which repositories are read has no git. The operator sets Repositories:Image to one that has it.")),
    ];

    /// <summary>The fault of a command that failed.</summary>
    /// <param name="result">How it ended.</param>
    /// <param name="host">The git host.</param>
    /// <param name="name">The ref that was asked for.</param>
    /// <param name="seconds">How long it had.</param>
    public static SandboxException Of(ExecResult result, string host, string name, int seconds)
    {
        if (result.IsTimedOut)
        {
            return new SandboxException(ErrorCode.Timeout, $"{host} did not send the repository within {seconds} seconds.");
        }

        var said = Encoding.UTF8.GetString(result.Stderr.Span);
        foreach (var (words, fault) in Known)
        {
            if (words.Any(word => said.Contains(word, StringComparison.Ordinal)))
            {
                var (code, message) = fault(host, name);
                return new SandboxException(code, message);
            }
        }

        return result.ExitCode == 137
            ? new SandboxException(ErrorCode.TooLarge, $"{host} sends more than a repository may have to be read here.")
            : new SandboxException(ErrorCode.RepositoryUnreachable, $"The repository could not be fetched from {host}: {Last(said)}");
    }

    /// <summary>The last line that says something, short and without control characters.</summary>
    private static string Last(string said)
    {
        var line = said.Split('\n', '\r').LastOrDefault(line => line.Trim().Length > 0) ?? "git gave no reason";
        return string.Concat(line.Trim().Take(200).Select(letter => char.IsControl(letter) ? ' ' : letter));
    }
}
