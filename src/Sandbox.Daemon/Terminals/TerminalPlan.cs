using System.Text;
using System.Text.Unicode;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Terminals;

/// <summary>What runs in a terminal, and how it starts.</summary>
/// <param name="Command">The argv that people see.</param>
/// <param name="Started">The argv that is started: a shell gets options by which it marks its commands.</param>
/// <param name="Variables">Lines of <c>NAME=value</c>.</param>
/// <param name="Workdir">The directory it starts in.</param>
/// <param name="IsMarked">Whether it is a shell that marks its commands, and reads a nonce from descriptor 3.</param>
internal sealed record TerminalPlan(IReadOnlyList<string> Command, IReadOnlyList<string> Started, IReadOnlyList<string> Variables, string Workdir, bool IsMarked)
{
    /// <summary>Directories over which every isolation class mounts a file system.</summary>
    private static readonly string[] InnerMounts = ["/dev/", "/proc/", "/sys/"];

    /// <summary>The plan of a terminal that somebody opens. Code: CommandNotFound.</summary>
    public static TerminalPlan Of(SandboxRecord sandbox, string root, TerminalSpec spec) =>
        Of(sandbox, root, spec.Command ?? (sandbox.Config.IsInteractive && !spec.IsShell ? CommandOf(sandbox) : []), spec.Directory, mayMark: !spec.IsDetached);

    /// <summary>
    /// The plan of the command that starts with the sandbox: the image's own, else a shell; null for an image with
    /// neither. A place to type in starts again after somebody has deleted its shell; a service without its program does
    /// not. Code: CommandNotFound.
    /// </summary>
    public static TerminalPlan? OfOwn(SandboxRecord sandbox, string root)
    {
        if (CommandOf(sandbox) is { Count: > 0 } command)
        {
            try
            {
                return Of(sandbox, root, command, null);
            }
            catch (SandboxException) when (sandbox.Config.IsInteractive)
            {
                // A shell in its place, or none.
            }
        }

        return CommandLookup.FindShell(root, EnvironmentOf(sandbox)) is not null ? Of(sandbox, root, [], null) : null;
    }

    private static TerminalPlan Of(SandboxRecord sandbox, string root, IReadOnlyList<string> wantedCommand, SandboxPath? directory, bool mayMark = true)
    {
        var environment = EnvironmentOf(sandbox);
        var wanted = sandbox.Spec.Workdir ?? sandbox.Config.Workdir;
        var workdir = ExistingDirectory(root, directory) ?? (MayExist(root, wanted) ? wanted : "/");
        IReadOnlyList<string> command = wantedCommand.Count > 0 ? wantedCommand : [CommandLookup.RequireShell(root, environment)];
        if (wantedCommand.Count > 0)
        {
            CommandLookup.Require(root, command[0], environment, workdir);
        }

        IReadOnlyList<string> started = command;
        IReadOnlyList<string> variables = environment;
        var isMarked = mayMark && sandbox.HasShellScripts && ShellScripts.TryMark(command, environment, out started, out variables);
        if (isMarked && workdir == "/" && wanted != "/")
        {
            // The scripts print it and unset it.
            variables = [.. variables, $"SANDBOX_NOTICE=The working directory {wanted} does not exist; you are in /."];
        }

        return new TerminalPlan(command, started, variables, workdir, isMarked);
    }

    private static List<string> EnvironmentOf(SandboxRecord sandbox) =>
        ProcessPlan.EnvironmentOf(sandbox.Config, sandbox.Variables, sandbox.User ?? throw new InvalidOperationException("the user was not looked up"), terminal: true);

    private static IReadOnlyList<string> CommandOf(SandboxRecord sandbox) => [.. sandbox.Config.Entrypoint, .. sandbox.Config.Command];

    /// <summary>Null if it does not exist, or has a name that the runtime's JSON cannot hold.</summary>
    private static string? ExistingDirectory(string root, SandboxPath? path)
    {
        if (path is null || !Utf8.IsValid(path.Bytes))
        {
            return null;
        }

        using var files = RootedDirectory.Open(root);
        try
        {
            return files.Find(path.Bytes, followLast: true) is { Type: InodeType.Directory } ? Encoding.UTF8.GetString(path.Bytes) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Whether a directory exists, or is below a mount inside, where it cannot be seen from outside.</summary>
    private static bool MayExist(string root, string path) =>
        InnerMounts.Any(mount => path.StartsWith(mount, StringComparison.Ordinal))
        || (SandboxPath.TryParse(path, out var parsed) && ExistingDirectory(root, parsed) is not null);
}
