using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Networks;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;

namespace Sandbox.Testing;

/// <summary>The sandboxes of a <see cref="FakeRuntime"/>.</summary>
internal sealed class FakeSandboxes(FakeRuntime runtime, FakeHost host, FakeVolumes volumes, Func<IReadOnlyList<string>> isolationClasses) : ISandboxes
{
    /// <inheritdoc/>
    public async Task<SandboxInfo> CreateAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        FakeHost.Refuse(SandboxRules.Validate(spec));
        if (spec.Isolation is not null && !isolationClasses().Contains(spec.Isolation, StringComparer.Ordinal))
        {
            throw new SandboxException(ErrorCode.Invalid, $"isolation: there is no class '{spec.Isolation}' here; there is {string.Join(", ", isolationClasses())}");
        }

        while (true)
        {
            FakeSandbox sandbox;
            bool isFirst;
            lock (host.Gate)
            {
                if (host.Images.TryGetValue(spec.Image, out var image) && !IsolationDemand.Fits(image.Isolation, spec.Isolation))
                {
                    throw new SandboxException(ErrorCode.IsolationUnavailable, $"isolation: this image is made for the class '{image.Isolation}' and cannot be started with '{spec.Isolation}'.");
                }

                isFirst = !host.Sandboxes.TryGetValue(spec.Id, out var known);
                if (isFirst && !host.Images.ContainsKey(spec.Image))
                {
                    throw new SandboxException(ErrorCode.ImageNotFound, "The image store has no such image.");
                }

                if (known is not null && !IsSame(known.Spec, spec))
                {
                    throw new SandboxException(ErrorCode.Conflict, "There is a sandbox of this id with another spec.");
                }

                sandbox = known ?? Add(spec);
            }

            if (isFirst)
            {
                return await LaunchAsync(sandbox, cancellationToken);
            }

            if (await sandbox.Launched.Task.WaitAsync(cancellationToken) is { } info)
            {
                return info;
            }
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SandboxInfo>> ListAsync(CancellationToken cancellationToken)
    {
        await host.BeginAsync("List", cancellationToken);
        lock (host.Gate)
        {
            return [.. host.Sandboxes.Values.Select(sandbox => sandbox.Info)];
        }
    }

    /// <inheritdoc/>
    public async Task<SandboxInfo?> FindAsync(SandboxId id, CancellationToken cancellationToken)
    {
        await host.BeginAsync("Find", cancellationToken);
        lock (host.Gate)
        {
            return host.Sandboxes.GetValueOrDefault(id)?.Info;
        }
    }

    /// <inheritdoc/>
    public Task<SandboxInfo> StartAsync(SandboxId id, CancellationToken cancellationToken) =>
        MoveAsync("Start", id, SandboxState.Stopped, SandboxState.Running, cancellationToken);

    /// <inheritdoc/>
    public async Task<SandboxInfo> StopAsync(SandboxId id, TimeSpan grace, CancellationToken cancellationToken)
    {
        await host.BeginAsync("Stop", cancellationToken);
        lock (host.Gate)
        {
            var sandbox = host.Get(id);
            if (sandbox.Info.State is SandboxState.Ended or SandboxState.Starting)
            {
                throw FakeHost.WrongState(sandbox);
            }

            if (sandbox.Info.State != SandboxState.Stopped)
            {
                sandbox.KillAll();
                host.Change(sandbox, sandbox.Info with { State = SandboxState.Stopped, ExitCode = 128 + 15 });
            }

            return sandbox.Info;
        }
    }

    /// <inheritdoc/>
    public Task<SandboxInfo> PauseAsync(SandboxId id, CancellationToken cancellationToken) =>
        MoveAsync("Pause", id, SandboxState.Running, SandboxState.Paused, cancellationToken);

    /// <inheritdoc/>
    public Task<SandboxInfo> ResumeAsync(SandboxId id, CancellationToken cancellationToken) =>
        MoveAsync("Resume", id, SandboxState.Paused, SandboxState.Running, cancellationToken);

    /// <inheritdoc/>
    public async Task<SandboxInfo> ExtendAsync(SandboxId id, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        await host.BeginAsync("Extend", cancellationToken);
        lock (host.Gate)
        {
            var sandbox = host.Get(id);
            if (sandbox.Info.State == SandboxState.Ended)
            {
                throw FakeHost.WrongState(sandbox);
            }

            host.Change(sandbox, sandbox.Info with { Deadline = deadline });
            host.SetTimer(sandbox);
            return sandbox.Info;
        }
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(SandboxId id, CancellationToken cancellationToken)
    {
        await host.BeginAsync("Remove", cancellationToken);
        lock (host.Gate)
        {
            if (host.Sandboxes.Remove(id, out var sandbox) && sandbox.Info.State != SandboxState.Ended)
            {
                host.End(sandbox, EndReason.Removed);
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SandboxInfo> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await host.BeginAsync("Watch", cancellationToken);
        var changes = Channel.CreateUnbounded<SandboxInfo>();
        lock (host.Gate)
        {
            foreach (var sandbox in host.Sandboxes.Values)
            {
                changes.Writer.TryWrite(sandbox.Info);
            }

            host.Watchers.Add(changes);
        }

        try
        {
            await foreach (var info in changes.Reader.ReadAllAsync(cancellationToken))
            {
                yield return info;
            }
        }
        finally
        {
            lock (host.Gate)
            {
                host.Watchers.Remove(changes);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<ExecResult> ExecAsync(SandboxId id, ExecSpec spec, CancellationToken cancellationToken)
    {
        await host.BeginAsync("Exec", cancellationToken);
        FakeHost.Refuse(CommandRules.Validate(spec));
        FakeSandbox sandbox;
        IReadOnlyDictionary<string, string> variables;
        lock (host.Gate)
        {
            sandbox = host.GetRunning(id);
            var others = host.Sandboxes.Values.Where(other => other != sandbox && other.Spec.Playground == sandbox.Spec.Playground && other.Info.State is not SandboxState.Ended);
            variables = DatabaseVariables.Of(sandbox.Spec, sandbox.Image, others.Select(other => (other.Spec, other.Image)));
        }

        return await FakePrograms.RunAsync(sandbox, spec, variables, host.Gate, host.Time, cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ExecOutput> ExecStreamAsync(SandboxId id, ExecSpec spec, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var result = await ExecAsync(id, spec, cancellationToken);
        foreach (var (isError, output) in new[] { (false, result.Stdout), (true, result.Stderr) })
        {
            if (output.Length > 0)
            {
                yield return new ExecOutput(isError, output);
            }
        }

        yield return new ExecOutput(IsError: false, ReadOnlyMemory<byte>.Empty) { Result = result };
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLogAsync(SandboxId id, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await host.BeginAsync("ReadLog", cancellationToken);
        byte[] log;
        lock (host.Gate)
        {
            log = [.. host.GetWithFiles(id).Log];
        }

        yield return log;
    }

    /// <inheritdoc/>
    public async Task<SnapshotResult> SnapshotAsync(SandboxId id, SnapshotSpec spec, CancellationToken cancellationToken)
    {
        await host.BeginAsync("Snapshot", cancellationToken);
        FakeHost.Refuse(SnapshotRules.Validate(spec));
        lock (host.Gate)
        {
            var sandbox = host.GetWithFiles(id);
            var files = sandbox.Files.Copy(spec.ExcludedPaths);
            var image = FakeSnapshots.Image(host.Images[sandbox.Spec.Image], sandbox.Spec, spec, files);
            host.Images[image.Digest] = image;
            if (image.Digest != sandbox.Spec.Image)
            {
                host.Snapshots[image.Digest] = files;
            }

            return new SnapshotResult(image, FakeSnapshots.Size(files), []);
        }
    }

    /// <inheritdoc/>
    public async Task<SnapshotContents> InspectAsync(SandboxId id, CancellationToken cancellationToken)
    {
        await host.BeginAsync("Inspect", cancellationToken);
        lock (host.Gate)
        {
            var sandbox = host.GetWithFiles(id);
            return FakeSnapshots.Contents(sandbox.Files, sandbox.Spec.Env);
        }
    }

    /// <summary>A record compares its collections by reference, and these came over a wire.</summary>
    private static bool IsSame(SandboxSpec one, SandboxSpec other) =>
        one with { Env = other.Env, Files = other.Files, Domains = other.Domains, Volumes = other.Volumes } == other
        && one.Volumes.SequenceEqual(other.Volumes)
        && one.Domains.SequenceEqual(other.Domains, StringComparer.Ordinal)
        && one.Files.SequenceEqual(other.Files)
        && one.Env.Count == other.Env.Count
        && one.Env.All(pair => other.Env.TryGetValue(pair.Key, out var value) && value == pair.Value);

    private static SandboxPath Path(string text) =>
        SandboxPath.TryParse(text, out var path) ? path : throw new SandboxException(ErrorCode.Invalid, "path: malformed");

    private FakeSandbox Add(SandboxSpec spec)
    {
        volumes.Attach(spec);
        var sandbox = new FakeSandbox
        {
            Spec = spec,
            Image = host.Images[spec.Image].Config,
            Files = new FakeFileSystem(host.Time, spec.Limits.DiskBytes),
            Info = new SandboxInfo
            {
                Id = spec.Id,
                Playground = spec.Playground,
                Owner = spec.Owner,
                Name = spec.Name,
                Image = spec.Image,
                State = SandboxState.Starting,
                Deadline = spec.Deadline,
                CreatedAt = host.Time.GetUtcNow(),
                Isolation = IsolationDemand.Strongest(spec.Isolation, host.Images[spec.Image].Isolation) ?? isolationClasses()[0],
                Limits = spec.Limits,
            },
        };
        host.Sandboxes.Add(spec.Id, sandbox);
        host.Change(sandbox, sandbox.Info);
        return sandbox;
    }

    private async Task<SandboxInfo> LaunchAsync(FakeSandbox sandbox, CancellationToken cancellationToken)
    {
        try
        {
            await host.BeginAsync("Create", cancellationToken);
            lock (host.Gate)
            {
                if (host.Snapshots.TryGetValue(sandbox.Spec.Image, out var saved))
                {
                    sandbox.Files.Fill(saved);
                }

                foreach (var directory in new[] { "/bin", "/etc", "/home", "/root", "/tmp", "/usr", "/var" })
                {
                    sandbox.Files.MakeDirectory(directory);
                }

                sandbox.Files.Write(Path("/etc/passwd"), null, "root:x:0:0:root:/root:/bin/sh\n"u8.ToArray());
                sandbox.Files.Write(Path("/etc/hostname"), null, Encoding.UTF8.GetBytes(sandbox.Spec.Name + "\n"));
                sandbox.Files.MarkAsImage();
                foreach (var file in sandbox.Spec.Files)
                {
                    int? mode = RecipeRules.TryParseMode(file.Mode, out var bits) ? bits : null;
                    sandbox.Files.Write(Path(file.Path), mode, file.Content);
                }

                if (host.Sandboxes.ContainsKey(sandbox.Spec.Id))
                {
                    host.Change(sandbox, sandbox.Info with { State = SandboxState.Running, Address = sandbox.Spec.Network is NetworkPolicy.None ? null : $"100.64.0.{(host.Sandboxes.Count % 250) + 2}" });
                    host.SetTimer(sandbox);
                    sandbox.StartOwn(host.Time.GetUtcNow(), runtime);
                }
            }
        }
        catch
        {
            lock (host.Gate)
            {
                host.Sandboxes.Remove(sandbox.Spec.Id);
                host.End(sandbox, EndReason.LaunchFailed);
            }

            sandbox.Launched.TrySetResult(null);
            throw;
        }

        sandbox.Launched.TrySetResult(sandbox.Info);
        return sandbox.Info;
    }

    private async Task<SandboxInfo> MoveAsync(string operation, SandboxId id, SandboxState from, SandboxState to, CancellationToken cancellationToken)
    {
        await host.BeginAsync(operation, cancellationToken);
        lock (host.Gate)
        {
            var sandbox = host.Get(id);
            if (sandbox.Info.State == to)
            {
                return sandbox.Info;
            }

            if (sandbox.Info.State != from)
            {
                throw FakeHost.WrongState(sandbox);
            }

            if (from == SandboxState.Stopped)
            {
                sandbox.StartOwn(host.Time.GetUtcNow(), runtime);
            }

            host.Change(sandbox, sandbox.Info with { State = to, ExitCode = null, Notice = from == SandboxState.Stopped ? null : sandbox.Info.Notice });
            return sandbox.Info;
        }
    }
}
