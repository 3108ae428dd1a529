using System.Collections.Concurrent;
using System.Globalization;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Pauses, resumes and ends sandboxes so that the host keeps its reserves, with words for the owner and for the operator. For
/// memory the programs of a sandbox end, and its files are kept; for the disk the sandbox itself ends: a save before that would
/// take the room that has to be freed. Each act goes on beside the watch, one at a time for a sandbox.
/// </summary>
internal sealed partial class HostActs(LiveSandboxes sandboxes, SandboxLife life, SandboxLauncher launcher, OciRuntimes runtimes, HostRoom room, ILogger<HostActs> logger)
{
    /// <summary>How long a change that is under way is waited for before a pause: the next look tries again.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(100);

    /// <summary>How long the runtime may take to pause or resume a sandbox.</summary>
    private static readonly TimeSpan LongestChange = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<SandboxId, bool> _going = new();
    private readonly ConcurrentDictionary<SandboxId, bool> _changing = new();

    /// <summary>What the host is short of.</summary>
    public enum Short
    {
        /// <summary>Memory.</summary>
        Memory,

        /// <summary>Room on the disk of the sandboxes.</summary>
        Disk,
    }

    /// <summary>Whether a sandbox is being ended.</summary>
    public bool IsGoing(SandboxId sandbox) => _going.ContainsKey(sandbox);

    /// <summary>Pauses a sandbox until the host has room again.</summary>
    public void Pause(SandboxUse use, Short what)
    {
        if (sandboxes.TryFind(use.Sandbox) is { } sandbox)
        {
            Change(sandbox, "paused", () => PauseAsync(sandbox, use, what));
        }
    }

    /// <summary>Lets a sandbox go on that <see cref="Pause"/> paused.</summary>
    public void Resume(LiveSandbox sandbox) => Change(sandbox, "resumed", () => ResumeAsync(sandbox));

    private void Change(LiveSandbox sandbox, string done, Func<Task> change)
    {
        if (_changing.TryAdd(sandbox.Id, true))
        {
            _ = Task.Run(ChangeAsync);
        }

        async Task ChangeAsync()
        {
            try
            {
                await change();
            }
            catch (Exception fault)
            {
                LogNot(logger, fault, sandbox.Id, done);
            }
            finally
            {
                _changing.TryRemove(sandbox.Id, out _);
            }
        }
    }

    /// <summary>The record comes first, so that the next daemon knows that it has to go on.</summary>
    private async Task PauseAsync(LiveSandbox sandbox, SandboxUse use, Short what)
    {
        if (!await sandbox.Gate.WaitAsync(LongestWait))
        {
            return;
        }

        try
        {
            var record = sandbox.Record;
            if (record.State != SandboxState.Running)
            {
                return;
            }

            var words = what == Short.Memory
                ? "The host is short of memory, and this sandbox was taking more of it. It is paused until there is room, and goes on by itself; nothing is lost."
                : "The host's disk is nearly full, and this sandbox was writing to it. It is paused until there is room, and goes on by itself; nothing is lost.";
            life.Save(sandbox, record with { State = SandboxState.Paused, HeldAt = DateTimeOffset.UtcNow, Notice = words });
            try
            {
                // One that takes longer may be paused in part, so the record stays, and it is resumed as the others are.
                using var bound = new CancellationTokenSource(LongestChange);
                await runtimes.Of(record.Isolation).PauseAsync(sandbox.Id, bound.Token);
            }
            catch (IOException fault)
            {
                life.Save(sandbox, record); // it ended at this moment: the follower of its init records that next
                LogNot(logger, fault, sandbox.Id, "paused");
                return;
            }

            Note(record, "paused", use.Bytes, words);
        }
        finally
        {
            sandbox.Gate.Release();
        }
    }

    private async Task ResumeAsync(LiveSandbox sandbox)
    {
        if (!await sandbox.Gate.WaitAsync(LongestWait))
        {
            return;
        }

        try
        {
            var record = sandbox.Record;
            if (record is not { State: SandboxState.Paused, HeldAt: { } since })
            {
                return;
            }

            try
            {
                using var bound = new CancellationTokenSource(LongestChange); // after that, a later look tries again
                await runtimes.Of(record.Isolation).ResumeAsync(sandbox.Id, bound.Token);
            }
            catch (IOException fault)
            {
                LogNot(logger, fault, sandbox.Id, "resumed"); // an earlier daemon was killed before it had paused it, or it has just ended
            }

            var seconds = Math.Max(1, (int)(DateTimeOffset.UtcNow - since).TotalSeconds);
            var words = string.Create(CultureInfo.InvariantCulture, $"The host had too little room, so this sandbox was paused for {seconds} s. It goes on as it was; nothing is lost.");
            life.Save(sandbox, record with { State = SandboxState.Running, HeldAt = null, Notice = words });
            Note(record, "resumed", 0, words);
        }
        finally
        {
            sandbox.Gate.Release();
        }
    }

    /// <summary>Ends a sandbox's programs, or the sandbox, for what it holds.</summary>
    public void Free(SandboxUse use, Short what)
    {
        if (sandboxes.TryFind(use.Sandbox) is { } sandbox && _going.TryAdd(use.Sandbox, true))
        {
            _ = Task.Run(() => FreeAsync(sandbox, use, what));
        }
    }

    private async Task FreeAsync(LiveSandbox sandbox, SandboxUse use, Short what)
    {
        try
        {
            _ = SandboxLauncher.IsAlive(sandbox.Record) ? Tool.Kill(sandbox.Record.Pid, 9) : 0; // also of paused programs: they end when they would go on
            if (what == Short.Memory)
            {
                await StopAsync(sandbox, use);
            }
            else
            {
                var record = sandbox.Record;
                await life.EndAsync(sandbox, EndReason.DiskFull);
                Note(record, "ended", use.Bytes, "The host's disk was nearly full. Of the people whose sandboxes free enough of it, this one uses the most, with volumes.");
            }
        }
        catch (Exception fault)
        {
            LogNot(logger, fault, sandbox.Id, "ended");
        }
        finally
        {
            _going.TryRemove(sandbox.Id, out _);
        }
    }

    private async Task StopAsync(LiveSandbox sandbox, SandboxUse use)
    {
        await sandbox.Gate.WaitAsync();
        try
        {
            var record = sandbox.Record;
            if (record.State is not (SandboxState.Running or SandboxState.Paused or SandboxState.Stopped))
            {
                return;
            }

            if (record.State != SandboxState.Stopped) // else its init's end was seen first
            {
                await launcher.KillAsync(sandbox, TimeSpan.Zero);
                await life.StoppedAsync(sandbox, await life.ExitCodeAsync(sandbox));
            }

            var words = string.Create(
                CultureInfo.InvariantCulture,
                $"The host ran short of memory, and your sandboxes used the most. This one used {use.Bytes >> 20} MiB and was stopped. Its files are kept: start it again in a minute.");
            life.Save(sandbox, sandbox.Record with { Notice = words });
            Note(record, "stopped", use.Bytes, words);
        }
        finally
        {
            sandbox.Gate.Release();
        }
    }

    private void Note(SandboxRecord record, string kind, long bytes, string why)
    {
        room.Add(new HostAct(DateTimeOffset.UtcNow, record.Spec.Id, record.Spec.Owner, kind, bytes, why));
        LogDone(logger, record.Spec.Id, record.Spec.Owner.ToString(), kind, bytes >> 20);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sandbox} of {Owner} was {Done} for the host's reserve; it held {Held} MiB")]
    private static partial void LogDone(ILogger logger, SandboxId sandbox, string owner, string done, long held);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sandbox} could not be {Done} for the host's reserve")]
    private static partial void LogNot(ILogger logger, Exception fault, SandboxId sandbox, string done);
}
