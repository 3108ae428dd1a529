using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.Execs;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>The sandboxes of one Linux host: each operation, and the states in which it is allowed.</summary>
internal sealed class LinuxSandboxes(
    LiveSandboxes sandboxes,
    SandboxLife life,
    SandboxLauncher launcher,
    SandboxRecords records,
    SandboxChanges changes,
    OciRuntimes runtimes,
    ExecRunner execs,
    HostPaces paces,
    HostRoom room,
    SandboxKernels kernels,
    HostProof proof,
    SandboxLogs logs,
    SandboxSnapshots snapshots) : ISandboxes
{
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(366 + 1); // the longest a plan grants, and a day for clocks that differ

    public async Task<SandboxInfo> CreateAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Validate(spec);
        var isolation = IsolationClasses.Choose(spec.Isolation, proof.Classes);
        RefuseFarther(spec.Deadline);
        var now = DateTimeOffset.UtcNow;
        var mine = new LiveSandbox(
            new SandboxRecord
            {
                Spec = spec,
                State = SandboxState.Starting,
                Deadline = spec.Deadline,
                CreatedAt = now,
                BootId = ProcessIdentity.BootId,
                UidIndex = -1,
                Place = new NetworkPlace(-1, -1),
                Config = new ImageConfig(),
                Isolation = isolation,
            },
            life.RootOf(spec.Id));
        var sandbox = sandboxes.GetOrAdd(mine);
        if (!ReferenceEquals(sandbox, mine))
        {
            mine.Dispose();
            if (!Same(sandbox.Record.Spec, spec))
            {
                throw new SandboxException(ErrorCode.Conflict, "Another sandbox has this id.");
            }

            await sandbox.Launched.Task.WaitAsync(cancellationToken);
            return sandbox.Record.Info;
        }

        try
        {
            await life.LaunchAsync(sandbox);
        }
        catch (Exception fault)
        {
            var told = fault as SandboxException ?? life.Unforeseen(spec.Id, fault);
            sandbox.Launched.TrySetException(told);
            _ = sandbox.Launched.Task.Exception; // observed here, in case nobody waits for it
            throw told;
        }

        sandbox.Launched.TrySetResult();
        if (cancellationToken.IsCancellationRequested)
        {
            await RemoveAsync(spec.Id, CancellationToken.None);
            throw new OperationCanceledException(cancellationToken);
        }

        return sandbox.Record.Info;
    }

    public Task<IReadOnlyList<SandboxInfo>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SandboxInfo>>([.. sandboxes.Infos()]);

    public Task<SandboxInfo?> FindAsync(SandboxId id, CancellationToken cancellationToken) =>
        Task.FromResult(sandboxes.TryFind(id)?.Record.Info);

    public Task<SandboxInfo> StartAsync(SandboxId id, CancellationToken cancellationToken) => ChangeAsync(id, async sandbox =>
    {
        switch (sandbox.Record.State)
        {
            case SandboxState.Running:
                return;
            case SandboxState.Stopped:
                room.CheckStart();
                kernels.Admit(sandbox);
                try
                {
                    await launcher.StartAgainAsync(sandbox);
                }
                catch
                {
                    await launcher.HaltAsync(sandbox);
                    throw;
                }

                life.Follow(sandbox);
                return;
            default:
                throw NotNow(sandbox, "started");
        }
    }, cancellationToken);

    public Task<SandboxInfo> StopAsync(SandboxId id, TimeSpan grace, CancellationToken cancellationToken) => ChangeAsync(id, async sandbox =>
    {
        switch (sandbox.Record.State)
        {
            case SandboxState.Stopped:
                return;
            case SandboxState.Running or SandboxState.Paused:
                await launcher.KillAsync(sandbox, grace < TimeSpan.Zero ? TimeSpan.Zero : grace > CommandRules.MaxGrace ? CommandRules.MaxGrace : grace);
                await life.StoppedAsync(sandbox, await life.ExitCodeAsync(sandbox));
                return;
            default:
                throw NotNow(sandbox, "stopped");
        }
    }, cancellationToken);

    public Task<SandboxInfo> PauseAsync(SandboxId id, CancellationToken cancellationToken) => ChangeAsync(id, async sandbox =>
    {
        switch (sandbox.Record.State)
        {
            case SandboxState.Paused when sandbox.Record.HeldAt is not null: // from now on it does not go on by itself
                life.Save(sandbox, sandbox.Record with { HeldAt = null, Notice = null });
                return;
            case SandboxState.Paused:
                return;
            case SandboxState.Running:
                await runtimes.Of(sandbox.Record.Isolation).PauseAsync(id, CancellationToken.None);
                life.Save(sandbox, sandbox.Record with { State = SandboxState.Paused });
                return;
            default:
                throw NotNow(sandbox, "paused");
        }
    }, cancellationToken);

    public Task<SandboxInfo> ResumeAsync(SandboxId id, CancellationToken cancellationToken) => ChangeAsync(id, async sandbox =>
    {
        switch (sandbox.Record.State)
        {
            case SandboxState.Running:
                return;
            case SandboxState.Paused when sandbox.Record.HeldAt is not null:
                throw new SandboxException(ErrorCode.Conflict, "The host paused this sandbox because it has too little room. It goes on by itself.");
            case SandboxState.Paused:
                await runtimes.Of(sandbox.Record.Isolation).ResumeAsync(id, CancellationToken.None);
                life.Save(sandbox, sandbox.Record with { State = SandboxState.Running });
                return;
            default:
                throw NotNow(sandbox, "resumed");
        }
    }, cancellationToken);

    public Task<SandboxInfo> ExtendAsync(SandboxId id, DateTimeOffset deadline, CancellationToken cancellationToken) => ChangeAsync(id, sandbox =>
    {
        if (sandbox.Record.State == SandboxState.Ended)
        {
            throw NotNow(sandbox, "extended");
        }

        RefuseFarther(deadline);

        life.Save(sandbox, sandbox.Record with { Deadline = deadline });
        return Task.CompletedTask;
    }, cancellationToken);

    public async Task RemoveAsync(SandboxId id, CancellationToken cancellationToken)
    {
        if (sandboxes.TryFind(id) is not { } sandbox)
        {
            return;
        }

        await life.EndAsync(sandbox, EndReason.Removed);
        life.Forget(sandbox);
    }

    public IAsyncEnumerable<SandboxInfo> WatchAsync(CancellationToken cancellationToken) => changes.WatchAsync(sandboxes.Infos, cancellationToken);

    public Task<ExecResult> ExecAsync(SandboxId id, ExecSpec spec, CancellationToken cancellationToken) => ExecAsync(id, spec, null, cancellationToken);

    public async IAsyncEnumerable<ExecOutput> ExecStreamAsync(SandboxId id, ExecSpec spec, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parts = Channel.CreateUnbounded<ExecOutput>(); // the output limit bounds it
        using var left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var run = RunAsync();
        try
        {
            await foreach (var part in parts.Reader.ReadAllAsync(cancellationToken))
            {
                yield return part;
            }

            yield return new ExecOutput(IsError: false, ReadOnlyMemory<byte>.Empty) { Result = await run };
        }
        finally
        {
            await left.CancelAsync();
            await run.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        async Task<ExecResult> RunAsync()
        {
            try
            {
                return await ExecAsync(id, spec, part => parts.Writer.TryWrite(part), left.Token);
            }
            finally
            {
                parts.Writer.Complete();
            }
        }
    }

    private async Task<ExecResult> ExecAsync(SandboxId id, ExecSpec spec, Action<ExecOutput>? printed, CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        _ = sandbox.Running();
        if (CommandRules.Validate(spec) is { Count: > 0 } mistakes)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        using var call = sandbox.ExecCalls.Enter();
        if (!await sandbox.Execs.WaitAsync(spec.Timeout, cancellationToken))
        {
            throw new SandboxException(ErrorCode.Timeout, $"Other commands ran for {spec.Timeout.TotalSeconds:0.###} s; this one did not get its turn.");
        }

        try
        {
            var wait = paces.Commands.Take(sandbox.Record.Spec.Owner, 1, spec.Timeout)
                ?? throw new SandboxException(ErrorCode.Timeout, $"You run more commands than the host starts in {spec.Timeout.TotalSeconds:0.###} s; this one did not get its turn. Try again in a few seconds.")
                {
                    RetryAfter = paces.Commands.Take(sandbox.Record.Spec.Owner, 0),
                };
            await Task.Delay(wait, cancellationToken);
            return await execs.RunAsync(sandboxes.WithDatabases(sandbox.Running()), records.DirectoryOf(id), spec, printed, cancellationToken);
        }
        finally
        {
            sandbox.Execs.Release();
        }
    }

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLogAsync(SandboxId id, bool follow, CancellationToken cancellationToken) => logs.ReadAsync(id, follow, cancellationToken);

    public Task<SnapshotResult> SnapshotAsync(SandboxId id, SnapshotSpec spec, CancellationToken cancellationToken) => snapshots.SaveAsync(id, spec, cancellationToken);

    public Task<SnapshotContents> InspectAsync(SandboxId id, CancellationToken cancellationToken) => snapshots.InspectAsync(id, cancellationToken);

    private static void Validate(SandboxSpec spec)
    {
        var mistakes = SandboxRules.Validate(spec);
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }
    }

    /// <summary>Refuses a deadline that is too far away: a sandbox that the web process forgot would never end.</summary>
    private static void RefuseFarther(DateTimeOffset deadline)
    {
        if (deadline > DateTimeOffset.UtcNow + LongestLife)
        {
            throw new SandboxException(ErrorCode.Invalid, "The deadline is more than a year away.");
        }
    }

    /// <summary>Whether both ask for the same sandbox; the page that asks again may have another size.</summary>
    private static bool Same(SandboxSpec one, SandboxSpec other) =>
        JsonSerializer.SerializeToUtf8Bytes(one with { Terminal = null }, RecordJson.Default.SandboxSpec).AsSpan()
            .SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(other with { Terminal = null }, RecordJson.Default.SandboxSpec));

    private static SandboxException NotNow(LiveSandbox sandbox, string verb) =>
        new(ErrorCode.Conflict, $"The sandbox is {LiveSandbox.Word(sandbox.Record.State)}; it cannot be {verb} now.");

    private async Task<SandboxInfo> ChangeAsync(SandboxId id, Func<LiveSandbox, Task> change, CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        await sandbox.Gate.WaitAsync(cancellationToken);
        try
        {
            await change(sandbox);
            return sandbox.Record.Info;
        }
        catch (Exception fault) when (fault is not SandboxException)
        {
            throw life.Unforeseen(id, fault);
        }
        finally
        {
            sandbox.Gate.Release();
        }
    }
}
