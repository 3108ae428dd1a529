using Sandbox.Core.Images;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;

namespace Sandbox.Testing;

/// <summary>One sandbox of a <see cref="FakeRuntime"/>.</summary>
internal sealed class FakeSandbox
{
    public required SandboxSpec Spec { get; init; }

    public required ImageConfig Image { get; init; }

    public required FakeFileSystem Files { get; init; }

    public FakeUploads Uploads => field ??= new FakeUploads(Files);

    public required SandboxInfo Info { get; set; }

    public List<TerminalInfo> Terminals { get; } = [];

    public List<IDisposable?> Holders { get; } = [];

    public List<DetachedCommand> Detached { get; } = [];

    public ITimer? Timer { get; set; }

    /// <summary>Set once launched; null when the launch failed.</summary>
    public TaskCompletionSource<SandboxInfo?> Launched { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Cancelled when everything in it is killed.</summary>
    public CancellationTokenSource Killed { get; private set; } = new();

    /// <summary>Whether somebody asked for the terminal of the image's own command, or there is none.</summary>
    public bool IsOwnClaimed { get; private set; } = true;

    /// <summary>What the image's own command printed.</summary>
    public List<byte> Log { get; } = [];

    public void StartOwn(DateTimeOffset now, FakeRuntime runtime)
    {
        if ((IReadOnlyList<string>)[.. Image.Entrypoint, .. Image.Command] is { Count: > 0 } command)
        {
            var terminal = new TerminalInfo(TerminalId.New(), command, now) { IsOwn = true, IsMarked = runtime.MarksShells };
            Terminals.Add(terminal);
            Holders.Add(runtime.HoldTerminal?.Invoke(Spec.Id, terminal.Id));
            IsOwnClaimed = false;
        }
    }

    /// <summary>Whether it was free until now.</summary>
    public bool ClaimOwn() => !IsOwnClaimed && (IsOwnClaimed = true);

    public void KillAll()
    {
        Terminals.Clear();
        Detached.Clear();
        Holders.ForEach(holder => holder?.Dispose());
        Holders.Clear();
        Killed.Cancel();
        Killed = new CancellationTokenSource();
    }
}
