using System.Text.Json;
using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;

namespace Sandbox.Daemon.Terminals;

/// <summary>
/// The detached commands of sandboxes since their last start: a note beside the log of each, which go when the sandbox
/// stops. The holder writes the log, so a command has its end and exit code also when this process was not there.
/// </summary>
internal sealed class DetachedCommands(HolderFiles files, OciRuntimes runtimes)
{
    /// <summary>Commands that have ended and are remembered: each log takes up to 256 KiB of memory.</summary>
    internal const int MostEnded = 16;

    /// <summary>Notes a command that has started, and forgets the oldest that have ended.</summary>
    public void Add(SandboxId sandbox, Holder holder)
    {
        HolderFiles.WritePrivately(files.NoteOf(sandbox, holder.Id), JsonSerializer.SerializeToUtf8Bytes(holder, HolderJson.Default.Holder));
        foreach (var command in List(sandbox).Where(command => command.EndedAt is not null).OrderByDescending(command => command.EndedAt).Skip(MostEnded))
        {
            File.Delete(files.NoteOf(sandbox, command.Id));
            File.Delete(files.LogOf(sandbox, command.Id));
        }
    }

    /// <summary>Those that run and those that are remembered, oldest first.</summary>
    public IReadOnlyList<DetachedCommand> List(SandboxId sandbox) =>
        [.. files.ReadNotes(sandbox).Select(holder => StateOf(sandbox, holder)).OrderBy(command => command.StartedAt)];

    /// <summary>Opens the log of a command. Code: NotFound.</summary>
    public OwnLog OpenLog(SandboxId sandbox, TerminalId id) => (files.ReadNote(sandbox, id) is null ? null : OwnLog.Open(files.LogOf(sandbox, id))) ?? throw Unknown();

    /// <summary>Whether a command has ended, or is no longer remembered.</summary>
    public bool HasEnded(SandboxId sandbox, TerminalId id) =>
        files.ReadNote(sandbox, id) is not { } holder || StateOf(sandbox, holder).EndedAt is not null;

    /// <summary>Kills a command and everything it started. Code: NotFound.</summary>
    public async Task KillAsync(SandboxId sandbox, TerminalId id)
    {
        var holder = files.ReadNote(sandbox, id) ?? throw Unknown();
        if (!holder.IsAlive || OwnLog.StateOf(files.LogOf(sandbox, id)) is not { ExitCode: null, Pid: > 0 and var init })
        {
            return;
        }

        // The init is a child of the holder, which has not reaped it while there is no exit code.
        if (WorkingDirectory.ChildOf(holder.Pid) == init)
        {
            await runtimes.Gvisor.KillTerminalAsync(sandbox, id);
            await ProcessTree.KillBelowAsync(init);
            _ = Tool.Kill(init, 9);
        }
    }

    private static SandboxException Unknown() =>
        new(ErrorCode.NotFound, "The sandbox has no such detached command since it was last started.");

    private DetachedCommand StateOf(SandboxId sandbox, Holder holder)
    {
        var command = new DetachedCommand(holder.Id, holder.Command, holder.CreatedAt);
        var log = files.LogOf(sandbox, holder.Id);
        var state = OwnLog.StateOf(log);
        return state is { ExitCode: null } && holder.IsAlive
            ? command
            : command with { ExitCode = state?.ExitCode, EndedAt = new DateTimeOffset(File.GetLastWriteTimeUtc(log), TimeSpan.Zero) };
    }
}
