using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Freezes a running sandbox for a moment. Its directory contains a note meanwhile, by which the next daemon thaws it
/// if this one is killed. Callers hold the sandbox's gate.
/// </summary>
internal sealed partial class SandboxFreezing(OciRuntimes runtimes, SandboxRecords records, ILogger<SandboxFreezing> logger)
{
    private const string Note = "frozen";

    /// <summary>Freezes a sandbox until the result is disposed. Does nothing if it does not run.</summary>
    public async Task<IAsyncDisposable> FreezeAsync(LiveSandbox sandbox)
    {
        if (sandbox.Record.State != SandboxState.Running)
        {
            return new Frozen(() => Task.CompletedTask);
        }

        await File.WriteAllBytesAsync(NoteOf(sandbox.Id), []);
        try
        {
            await runtimes.Of(sandbox.Record.Isolation).PauseAsync(sandbox.Id);
        }
        catch (IOException fault)
        {
            await ThawAsync(sandbox);
            throw SandboxLauncher.IsAlive(sandbox.Record)
                ? fault
                : new SandboxException(ErrorCode.Conflict, "The sandbox stopped at this very moment. Save it again.", fault);
        }

        return new Frozen(() => ThawAsync(sandbox));
    }

    /// <summary>Thaws a sandbox that an earlier daemon had frozen.</summary>
    public async Task RecoverAsync(LiveSandbox sandbox)
    {
        if (File.Exists(NoteOf(sandbox.Id)) && sandbox.Record.State == SandboxState.Running)
        {
            await ThawAsync(sandbox);
        }
    }

    private string NoteOf(SandboxId id) => Path.Combine(records.DirectoryOf(id), Note);

    private async Task ThawAsync(LiveSandbox sandbox)
    {
        try
        {
            await runtimes.Of(sandbox.Record.Isolation).ResumeAsync(sandbox.Id);
        }
        catch (IOException fault)
        {
            if (SandboxLauncher.IsAlive(sandbox.Record))
            {
                LogNotThawed(logger, fault, sandbox.Id);
            }
        }

        File.Delete(NoteOf(sandbox.Id));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Sandbox} was frozen to be saved and could not be thawed")]
    private static partial void LogNotThawed(ILogger logger, Exception fault, SandboxId sandbox);

    private sealed class Frozen(Func<Task> thaw) : IAsyncDisposable
    {
        private Func<Task>? _thaw = thaw;

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _thaw, null) is { } once)
            {
                await once();
            }
        }
    }
}
