using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Oci;

/// <summary>
/// Looks for programs in a sandbox's root from outside, as <c>execvp</c> would inside: every link is resolved within
/// the root. A missing command is refused before anything is started.
/// </summary>
internal static class CommandLookup
{
    private const int AnyExecute = 0b001_001_001;

    private static readonly string[] Shells = ["bash", "ash", "sh"];

    /// <summary>Refuses a command that is not there, or cannot be executed. Codes: CommandNotFound, CommandNotExecutable.</summary>
    public static void Require(string root, string command, IReadOnlyList<string> environment, string workdir)
    {
        using var directory = RootedDirectory.Open(root);
        var paths = Candidates(command, environment, workdir).ToList();
        if (paths.Exists(path => IsExecutable(directory, path)))
        {
            return;
        }

        throw paths.Select(path => Find(directory, path)).FirstOrDefault(found => found is not null) switch
        {
            null => new SandboxException(ErrorCode.CommandNotFound, $"The image has no command '{command}'."),
            { Type: InodeType.Directory } => new SandboxException(ErrorCode.CommandNotExecutable, $"'{command}' is a directory, not a command."),
            _ => new SandboxException(ErrorCode.CommandNotExecutable, $"'{command}' is not executable: chmod +x it, or run it by its interpreter."),
        };
    }

    /// <summary>The first shell there is. An image without one can only run the commands it has.</summary>
    public static string RequireShell(string root, IReadOnlyList<string> environment) =>
        FindShell(root, environment) ?? throw new SandboxException(ErrorCode.CommandNotFound, "The image has no shell. Name a command that it has.");

    /// <summary>The first shell there is, or null.</summary>
    public static string? FindShell(string root, IReadOnlyList<string> environment)
    {
        using var directory = RootedDirectory.Open(root);
        return Array.Find(Shells, shell => Candidates(shell, environment, "/").Any(path => IsExecutable(directory, path)));
    }

    private static IEnumerable<string> Candidates(string command, IReadOnlyList<string> environment, string workdir)
    {
        if (command.Contains('/', StringComparison.Ordinal))
        {
            return [command.StartsWith('/') ? command : $"{workdir}/{command}"];
        }

        var path = environment.LastOrDefault(line => line.StartsWith("PATH=", StringComparison.Ordinal))?["PATH=".Length..] ?? "/usr/bin:/bin";
        return path.Split(':', StringSplitOptions.RemoveEmptyEntries).Take(64).Select(directory => $"{directory}/{command}");
    }

    private static bool IsExecutable(RootedDirectory root, string path) =>
        Find(root, path) is { Type: InodeType.File } file && (file.Mode & AnyExecute) != 0;

    private static InodeStatus? Find(RootedDirectory root, string path)
    {
        try
        {
            return root.Find(Encoding.UTF8.GetBytes(path), followLast: true);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
