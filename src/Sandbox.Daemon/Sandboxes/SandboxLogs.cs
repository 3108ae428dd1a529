using System.Runtime.CompilerServices;
using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Records;
using Sandbox.Daemon.Terminals;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>The log of a sandbox: what its own command printed, in earlier starts and in this one.</summary>
internal sealed class SandboxLogs(LiveSandboxes sandboxes, KeptLogs kept, OwnCommands commands, DetachedCommands detached)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>The log so far; with <paramref name="follow"/> then what is printed, until the command has ended.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(SandboxId id, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        if (sandbox.Record.State is SandboxState.Ended or SandboxState.Starting)
        {
            throw new SandboxException(ErrorCode.Conflict, $"The sandbox is {LiveSandbox.Word(sandbox.Record.State)}; it has no log.");
        }

        using var call = sandbox.LogCalls.Enter();
        var record = sandbox.Record;
        var (log, earlier) = Open(record);
        using (log)
        {
            yield return earlier;
            ulong position = 0;
            while (log is not null)
            {
                var hasEnded = log.State().ExitCode is not null || !commands.HasLog(record);
                var bytes = log.ReadAfter(position, out position);
                if (bytes.Length > 0)
                {
                    yield return bytes;
                }

                if (!follow || hasEnded)
                {
                    yield break;
                }

                await Task.Delay(Pause, cancellationToken);
            }
        }
    }

    /// <summary>The log of a detached command; with <paramref name="follow"/> then what it prints, until it has ended.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadDetachedAsync(
        SandboxId id, TerminalId command, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        using var call = sandbox.LogCalls.Enter();
        using var log = detached.OpenLog(id, command);
        ulong position = 0;
        while (true)
        {
            var hasEnded = log.State().ExitCode is not null || detached.HasEnded(id, command);
            var bytes = log.ReadAfter(position, out position);
            if (bytes.Length > 0)
            {
                yield return bytes;
            }

            if (!follow || hasEnded)
            {
                yield break;
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>The present log and what is kept of earlier ones. A stop meanwhile moves the one to the other: then nothing is present.</summary>
    private (OwnLog? Log, byte[] Earlier) Open(SandboxRecord record)
    {
        var log = commands.OpenLog(record);
        var earlier = kept.Read(record.Spec.Id);
        if (log is null || commands.HasLog(record))
        {
            return (log, earlier);
        }

        log.Dispose();
        return (null, kept.Read(record.Spec.Id));
    }
}
