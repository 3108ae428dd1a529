using System.Globalization;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Recipes;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Execs;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Terminals;

/// <summary>
/// The working directories of terminals in sandboxes with a kernel of their own: a program inside reads them, all of a sandbox at
/// once. Root there chooses what it prints, so a path counts only if it is a directory of the sandbox. Those who ask while one
/// runs get its answer.
/// </summary>
internal sealed class InnerDirectories(OciRuntimes runtimes, ProcessWatch watch, WorkGroups work)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly IReadOnlyDictionary<TerminalId, SandboxPath> None = new Dictionary<TerminalId, SandboxPath>();

    private readonly SharedAnswers<IReadOnlyDictionary<TerminalId, SandboxPath>> _answers = new();

    /// <summary>The directories that are known; none of a sandbox that does not run, or does not answer.</summary>
    public Task<IReadOnlyDictionary<TerminalId, SandboxPath>> FindAsync(SandboxRecord sandbox, IReadOnlyList<TerminalId> terminals, string root) =>
        sandbox.State != SandboxState.Running || terminals.Count == 0
            ? Task.FromResult(None)
            : _answers.GetAsync(sandbox.Spec.Id, () => AskAsync(sandbox.Spec, terminals, root), CancellationToken.None);

    private async Task<IReadOnlyDictionary<TerminalId, SandboxPath>> AskAsync(SandboxSpec spec, IReadOnlyList<TerminalId> terminals, string root)
    {
        var sandbox = spec.Id;
        try
        {
            var processes = new Dictionary<int, TerminalId>();
            foreach (var terminal in terminals)
            {
                if (await runtimes.Gvisor.FindProcessAsync(sandbox, terminal) is { } process)
                {
                    processes[process] = terminal;
                }
            }

            if (processes.Count == 0)
            {
                return None;
            }

            var printed = await PrintedInside.ReadAsync(runtimes.Gvisor.TracingCommand(sandbox, SandboxBundle.Directories(processes.Keys)), watch, pid => _ = work.EnterAsync(spec.Owner, pid), CancellationToken.None, Patience);
            using var files = RootedDirectory.Open(root);
            return Read(printed, processes, path => files.Find(path.Bytes, followLast: false) is { Type: InodeType.Directory });
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or SandboxException)
        {
            return None; // it ends at this moment
        }
    }

    /// <summary>
    /// Reads what was printed: <c>17 /root</c>, then a zero byte, for each process.
    /// </summary>
    internal static IReadOnlyDictionary<TerminalId, SandboxPath> Read(byte[] printed, IReadOnlyDictionary<int, TerminalId> processes, Func<SandboxPath, bool> isDirectory)
    {
        var found = new Dictionary<TerminalId, SandboxPath>();
        var rest = printed.AsSpan();
        while (rest.IndexOf((byte)0) is >= 0 and var end)
        {
            var line = rest[..end];
            rest = rest[(end + 1)..];
            var space = line.IndexOf((byte)' ');
            if (space > 0 && int.TryParse(line[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var process) && processes.TryGetValue(process, out var terminal)
                && SandboxPath.TryParse(line[(space + 1)..].ToArray(), out var path) && !RecipeRules.IsKernelDirectory(Encoding.UTF8.GetString(path.Bytes)) && isDirectory(path))
            {
                found[terminal] = path;
            }
        }

        return found;
    }
}
