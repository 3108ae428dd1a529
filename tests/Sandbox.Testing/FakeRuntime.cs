using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;

namespace Sandbox.Testing;

/// <summary>
/// The port in memory, for unit tests of whoever stands above it: it keeps every promise of the port that can be kept
/// without running programs, and knows a handful of programs (<see cref="FakePrograms"/>). It passes
/// <see cref="RuntimeConformance"/>. Faults are set with <see cref="Before"/>.
/// </summary>
public sealed class FakeRuntime : ISandboxRuntime, IImages, ISandboxes, ITerminals, ISandboxFiles, IDisposable
{
    /// <inheritdoc/>
    public IImages Images => this;

    /// <inheritdoc/>
    public ISandboxes Sandboxes => this;

    /// <inheritdoc/>
    public ITerminals Terminals => this;

    /// <inheritdoc/>
    public ISandboxFiles Files => this;

    private readonly Lock _gate = new();
    private readonly Dictionary<SandboxId, FakeSandbox> _sandboxes = [];
    private readonly Dictionary<Digest, StoredImage> _images = [];
    private readonly List<Channel<SandboxInfo>> _watchers = [];
    private readonly TimeProvider _time;

    /// <summary>An empty runtime.</summary>
    public FakeRuntime(TimeProvider? time = null) => _time = time ?? TimeProvider.System;

    /// <summary>
    /// Awaited at the start of each call with the operation's name (<c>Create</c>, <c>Exec</c>, <c>AddImage</c>…): throw to
    /// make it fail, wait to make it slow. A create that waits here is already seen as <see cref="SandboxState.Starting"/>.
    /// </summary>
    public Func<string, CancellationToken, Task>? Before { get; set; }

    /// <summary>The operations asked for so far, in order: a refusal test asserts that its own is not among them.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>The image recipes it knows.</summary>
    public ISet<string> RecipeNames { get; } = new HashSet<string>(["busybox", "debian", "python", "node", "postgres"], StringComparer.Ordinal);

    /// <summary>Whether the shells of terminals are said to mark their commands.</summary>
    public bool MarksShells { get; set; }

    /// <summary>Connects to the holder of any open terminal; set it to reach a real one. Until then nothing is said by either side.</summary>
    public Func<CancellationToken, Task<Stream>> ConnectTerminal { get; set; } = _ => Task.FromResult(Stream.Null);

    /// <summary>Called with each terminal that opens; the result is disposed when the terminal ends.</summary>
    public Func<SandboxId, TerminalId, IDisposable>? HoldTerminal { get; set; }

    /// <summary>Puts an image into the store, with a digest made from its name.</summary>
    public StoredImage Store(string name, ImageConfig? config = null)
    {
        var image = new StoredImage
        {
            Digest = DigestOf(Encoding.UTF8.GetBytes(name)),
            Layers = [new ImageLayer(DigestOf(Encoding.UTF8.GetBytes(name + " layer")), 1_000_000)],
            Config = config ?? new ImageConfig { Command = ["sh"], Env = ["PATH=/usr/bin:/bin"], IsInteractive = true },
        };
        lock (_gate)
        {
            _images[image.Digest] = image;
        }

        return image;
    }

    /// <summary>The host restarts: whatever had not ended, ends.</summary>
    public void RestartHost()
    {
        lock (_gate)
        {
            foreach (var sandbox in _sandboxes.Values.Where(sandbox => sandbox.Info.State != SandboxState.Ended).ToList())
            {
                End(sandbox, EndReason.HostRestarted);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellationToken)
    {
        await BeginAsync("GetStatus", cancellationToken);
        lock (_gate)
        {
            var held = _sandboxes.Values.Count(sandbox => sandbox.Info.State != SandboxState.Ended);
            return new RuntimeInfo("fake", "none", Environment.ProcessId, held, 16L << 30, 64L << 30);
        }
    }

    /// <inheritdoc/>
    async IAsyncEnumerable<ImageProgress> IImages.AddAsync(ImageSource source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await BeginAsync("AddImage", cancellationToken);
        yield return new ImageProgress(0, "fetching");
        string name;
        switch (source)
        {
            case ImageSource.Recipe recipe:
                name = RecipeNames.Contains(recipe.Name)
                    ? recipe.Name
                    : throw new SandboxException(ErrorCode.ImageNotFound, $"There is no image recipe {recipe.Name}.");
                break;
            case ImageSource.Registry registry:
                name = registry.Reference;
                break;
            case ImageSource.Archive archive:
                name = await ReadArchiveAsync(archive, cancellationToken);
                break;
            default:
                throw new ArgumentException("an image source of another kind", nameof(source));
        }

        yield return new ImageProgress(50, "unpacking");
        await BeginAsync("UnpackImage", cancellationToken);
        yield return new ImageProgress(100, "ready", Store(name));
    }

    /// <inheritdoc/>
    async Task<IReadOnlyList<StoredImage>> IImages.ListAsync(CancellationToken cancellationToken)
    {
        await BeginAsync("ListImages", cancellationToken);
        lock (_gate)
        {
            return [.. _images.Values];
        }
    }

    /// <inheritdoc/>
    async Task IImages.RemoveAsync(Digest digest, CancellationToken cancellationToken)
    {
        await BeginAsync("RemoveImage", cancellationToken);
        lock (_gate)
        {
            if (_sandboxes.Values.Any(sandbox => sandbox.Spec.Image == digest && sandbox.Info.State != SandboxState.Ended))
            {
                throw new SandboxException(ErrorCode.ImageInUse, "A sandbox still uses this image.");
            }

            _images.Remove(digest);
        }
    }

    /// <inheritdoc/>
    async Task<SandboxInfo> ISandboxes.CreateAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Refuse(SandboxRules.Validate(spec));
        while (true)
        {
            FakeSandbox sandbox;
            bool isFirst;
            lock (_gate)
            {
                isFirst = !_sandboxes.TryGetValue(spec.Id, out var known);
                if (isFirst && !_images.ContainsKey(spec.Image))
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
    async Task<IReadOnlyList<SandboxInfo>> ISandboxes.ListAsync(CancellationToken cancellationToken)
    {
        await BeginAsync("List", cancellationToken);
        lock (_gate)
        {
            return [.. _sandboxes.Values.Select(sandbox => sandbox.Info)];
        }
    }

    /// <inheritdoc/>
    async Task<SandboxInfo?> ISandboxes.FindAsync(SandboxId id, CancellationToken cancellationToken)
    {
        await BeginAsync("Find", cancellationToken);
        lock (_gate)
        {
            return _sandboxes.GetValueOrDefault(id)?.Info;
        }
    }

    /// <inheritdoc/>
    Task<SandboxInfo> ISandboxes.StartAsync(SandboxId id, CancellationToken cancellationToken) =>
        MoveAsync("Start", id, SandboxState.Stopped, SandboxState.Running, cancellationToken);

    /// <inheritdoc/>
    async Task<SandboxInfo> ISandboxes.StopAsync(SandboxId id, TimeSpan grace, CancellationToken cancellationToken)
    {
        await BeginAsync("Stop", cancellationToken);
        lock (_gate)
        {
            var sandbox = Get(id);
            if (sandbox.Info.State is SandboxState.Ended or SandboxState.Starting)
            {
                throw WrongState(sandbox);
            }

            if (sandbox.Info.State != SandboxState.Stopped)
            {
                sandbox.KillAll();
                Change(sandbox, sandbox.Info with { State = SandboxState.Stopped, ExitCode = 128 + 15 });
            }

            return sandbox.Info;
        }
    }

    /// <inheritdoc/>
    Task<SandboxInfo> ISandboxes.PauseAsync(SandboxId id, CancellationToken cancellationToken) =>
        MoveAsync("Pause", id, SandboxState.Running, SandboxState.Paused, cancellationToken);

    /// <inheritdoc/>
    Task<SandboxInfo> ISandboxes.ResumeAsync(SandboxId id, CancellationToken cancellationToken) =>
        MoveAsync("Resume", id, SandboxState.Paused, SandboxState.Running, cancellationToken);

    /// <inheritdoc/>
    async Task<SandboxInfo> ISandboxes.ExtendAsync(SandboxId id, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        await BeginAsync("Extend", cancellationToken);
        lock (_gate)
        {
            var sandbox = Get(id);
            if (sandbox.Info.State == SandboxState.Ended)
            {
                throw WrongState(sandbox);
            }

            Change(sandbox, sandbox.Info with { Deadline = deadline });
            SetTimer(sandbox);
            return sandbox.Info;
        }
    }

    /// <inheritdoc/>
    async Task ISandboxes.RemoveAsync(SandboxId id, CancellationToken cancellationToken)
    {
        await BeginAsync("Remove", cancellationToken);
        lock (_gate)
        {
            if (_sandboxes.Remove(id, out var sandbox) && sandbox.Info.State != SandboxState.Ended)
            {
                End(sandbox, EndReason.Removed);
            }
        }
    }

    /// <inheritdoc/>
    async IAsyncEnumerable<SandboxInfo> ISandboxes.WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await BeginAsync("Watch", cancellationToken);
        var changes = Channel.CreateUnbounded<SandboxInfo>();
        lock (_gate)
        {
            foreach (var sandbox in _sandboxes.Values)
            {
                changes.Writer.TryWrite(sandbox.Info);
            }

            _watchers.Add(changes);
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
            lock (_gate)
            {
                _watchers.Remove(changes);
            }
        }
    }

    /// <summary>Ends every watch with a fault, as a daemon that goes away does.</summary>
    public void BreakWatches()
    {
        lock (_gate)
        {
            foreach (var watcher in _watchers)
            {
                watcher.Writer.TryComplete(new SandboxException(ErrorCode.RuntimeUnavailable, "The runtime cannot be reached."));
            }
        }
    }

    /// <inheritdoc/>
    async Task<ExecResult> ISandboxes.ExecAsync(SandboxId id, ExecSpec spec, CancellationToken cancellationToken)
    {
        await BeginAsync("Exec", cancellationToken);
        Refuse(CommandRules.Validate(spec));
        FakeSandbox sandbox;
        lock (_gate)
        {
            sandbox = GetRunning(id);
        }

        return await FakePrograms.RunAsync(sandbox, spec, _gate, _time, cancellationToken);
    }

    /// <inheritdoc/>
    async Task<TerminalInfo> ITerminals.OpenAsync(SandboxId id, TerminalSpec spec, CancellationToken cancellationToken)
    {
        await BeginAsync("OpenTerminal", cancellationToken);
        Refuse(TerminalRules.Validate(spec));
        lock (_gate)
        {
            var sandbox = GetRunning(id);
            if (sandbox.Terminals.Find(known => known.Id == spec.Id) is { } open)
            {
                return open;
            }

            if (sandbox.Terminals.Count >= 16)
            {
                throw new SandboxException(ErrorCode.Quota, "A sandbox has at most 16 terminals.");
            }

            var command = spec.Command ?? ["sh"];
            FakePrograms.Require(command[0]);
            var terminal = new TerminalInfo(spec.Id, command, _time.GetUtcNow()) { IsMarked = MarksShells };
            sandbox.Terminals.Add(terminal);
            sandbox.Holders.Add(HoldTerminal?.Invoke(id, spec.Id));
            return terminal;
        }
    }

    /// <inheritdoc/>
    async Task<Stream> ITerminals.ConnectAsync(SandboxId id, TerminalId terminal, CancellationToken cancellationToken)
    {
        await BeginAsync("ConnectTerminal", cancellationToken);
        lock (_gate)
        {
            if (!Get(id).Terminals.Exists(known => known.Id == terminal))
            {
                throw new SandboxException(ErrorCode.NotFound, "There is no such terminal; it may have ended.");
            }
        }

        return await ConnectTerminal(cancellationToken);
    }

    /// <inheritdoc/>
    async Task<IReadOnlyList<TerminalInfo>> ITerminals.ListAsync(SandboxId id, CancellationToken cancellationToken)
    {
        await BeginAsync("ListTerminals", cancellationToken);
        lock (_gate)
        {
            return [.. Get(id).Terminals];
        }
    }

    /// <inheritdoc/>
    async Task<IReadOnlyList<FileEntry>> ISandboxFiles.ListAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken)
    {
        await BeginAsync("ListFiles", cancellationToken);
        lock (_gate)
        {
            return GetWithFiles(id).Files.List(path);
        }
    }

    /// <inheritdoc/>
    async Task<FileEntry?> ISandboxFiles.FindAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken)
    {
        await BeginAsync("FindFile", cancellationToken);
        lock (_gate)
        {
            return GetWithFiles(id).Files.Find(path);
        }
    }

    /// <inheritdoc/>
    async IAsyncEnumerable<ReadOnlyMemory<byte>> ISandboxFiles.ReadAsync(
        SandboxId id,
        SandboxPath path,
        ReadForm form,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await BeginAsync("ReadFile", cancellationToken);
        ReadOnlyMemory<byte> rest;
        lock (_gate)
        {
            rest = GetWithFiles(id).Files.Read(path, form);
        }

        while (rest.Length > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var length = Math.Min(rest.Length, 32 * 1024);
            yield return rest[..length];
            rest = rest[length..];
        }
    }

    /// <inheritdoc/>
    async Task ISandboxFiles.WriteAsync(
        SandboxId id,
        SandboxPath path,
        int? mode,
        IAsyncEnumerable<ReadOnlyMemory<byte>> content,
        CancellationToken cancellationToken)
    {
        await BeginAsync("WriteFile", cancellationToken);
        long most;
        lock (_gate)
        {
            most = GetWithFiles(id).Spec.Limits.DiskBytes;
        }

        var bytes = await CollectAsync(content, most, new SandboxException(ErrorCode.DiskFull, "The disk of the sandbox is full."), cancellationToken);
        lock (_gate)
        {
            GetWithFiles(id).Files.Write(path, mode, bytes);
        }
    }

    /// <inheritdoc/>
    async Task ISandboxFiles.DeleteAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken)
    {
        await BeginAsync("DeleteFile", cancellationToken);
        lock (_gate)
        {
            GetWithFiles(id).Files.Delete(path);
        }
    }

    /// <inheritdoc/>
    async Task ISandboxFiles.MakeDirectoryAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken)
    {
        await BeginAsync("MakeDirectory", cancellationToken);
        lock (_gate)
        {
            GetWithFiles(id).Files.MakeDirectory(path);
        }
    }

    /// <inheritdoc/>
    async Task<UploadInfo> ISandboxFiles.BeginUploadAsync(SandboxId id, UploadSpec spec, CancellationToken cancellationToken)
    {
        await BeginAsync("BeginUpload", cancellationToken);
        lock (_gate)
        {
            return GetWithFiles(id).Uploads.Begin(spec);
        }
    }

    /// <inheritdoc/>
    async Task<UploadInfo?> ISandboxFiles.FindUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken)
    {
        await BeginAsync("FindUpload", cancellationToken);
        lock (_gate)
        {
            return GetWithFiles(id).Uploads.Find(upload);
        }
    }

    /// <inheritdoc/>
    async Task<UploadInfo> ISandboxFiles.ContinueUploadAsync(
        SandboxId id, UploadId upload, long offset, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        await BeginAsync("ContinueUpload", cancellationToken);
        FakeUploads uploads;
        lock (_gate)
        {
            uploads = GetWithFiles(id).Uploads;
        }

        return await uploads.ContinueAsync(upload, offset, content, cancellationToken);
    }

    /// <inheritdoc/>
    async Task ISandboxFiles.CancelUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken)
    {
        await BeginAsync("CancelUpload", cancellationToken);
        lock (_gate)
        {
            GetWithFiles(id).Uploads.Cancel(upload);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var sandbox in _sandboxes.Values)
            {
                sandbox.Timer?.Dispose();
                sandbox.KillAll();
            }
        }
    }

    private static Digest DigestOf(byte[] bytes) => Digest.Parse("sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes)));

    private static void Refuse(IReadOnlyList<string> mistakes)
    {
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }
    }

    private static SandboxException WrongState(FakeSandbox sandbox) =>
        new(ErrorCode.Conflict, $"The sandbox is {sandbox.Info.State.ToString().ToLowerInvariant()}.");

    /// <summary>A record compares its collections by reference, and these came over a wire.</summary>
    private static bool IsSame(SandboxSpec one, SandboxSpec other) =>
        one with { Env = other.Env, Files = other.Files } == other
        && one.Files.SequenceEqual(other.Files)
        && one.Env.Count == other.Env.Count
        && one.Env.All(pair => other.Env.TryGetValue(pair.Key, out var value) && value == pair.Value);

    private static async Task<byte[]> CollectAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> content,
        long most,
        SandboxException tooMuch,
        CancellationToken cancellationToken)
    {
        using var whole = new MemoryStream();
        await foreach (var part in content.WithCancellation(cancellationToken))
        {
            if (whole.Length + part.Length > most)
            {
                throw tooMuch;
            }

            whole.Write(part.Span);
        }

        return whole.ToArray();
    }

    private static async Task<string> ReadArchiveAsync(ImageSource.Archive archive, CancellationToken cancellationToken)
    {
        var bytes = await CollectAsync(archive.Content, 64 << 20, new SandboxException(ErrorCode.TooLarge, "The archive is too large."), cancellationToken);
        var index = archive.Kind == ArchiveKind.Oci ? "index.json" : "manifest.json";
        try
        {
            using var tar = new TarReader(new MemoryStream(bytes));
            while (await tar.GetNextEntryAsync(cancellationToken: cancellationToken) is { } entry)
            {
                if (entry.Name.TrimStart('.', '/') == index)
                {
                    return DigestOf(bytes).Value;
                }
            }
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new SandboxException(ErrorCode.ImageInvalid, "The archive is no tar.", error);
        }

        throw new SandboxException(ErrorCode.ImageInvalid, $"The archive holds no {index}.");
    }

    private async Task BeginAsync(string operation, CancellationToken cancellationToken)
    {
        Calls.Enqueue(operation);
        cancellationToken.ThrowIfCancellationRequested();
        if (Before is { } before)
        {
            await before(operation, cancellationToken);
        }
    }

    private FakeSandbox Add(SandboxSpec spec)
    {
        var sandbox = new FakeSandbox
        {
            Spec = spec,
            Image = _images[spec.Image].Config,
            Files = new FakeFileSystem(_time, spec.Limits.DiskBytes),
            Info = new SandboxInfo
            {
                Id = spec.Id,
                Playground = spec.Playground,
                Owner = spec.Owner,
                Name = spec.Name,
                Image = spec.Image,
                State = SandboxState.Starting,
                Deadline = spec.Deadline,
                CreatedAt = _time.GetUtcNow(),
            },
        };
        _sandboxes.Add(spec.Id, sandbox);
        Change(sandbox, sandbox.Info);
        return sandbox;
    }

    private async Task<SandboxInfo> LaunchAsync(FakeSandbox sandbox, CancellationToken cancellationToken)
    {
        try
        {
            await BeginAsync("Create", cancellationToken);
            lock (_gate)
            {
                foreach (var directory in new[] { "/bin", "/etc", "/home", "/root", "/tmp", "/usr", "/var" })
                {
                    sandbox.Files.MakeDirectory(directory);
                }

                sandbox.Files.Write(Path("/etc/passwd"), null, "root:x:0:0:root:/root:/bin/sh\n"u8.ToArray());
                sandbox.Files.Write(Path("/etc/hostname"), null, Encoding.UTF8.GetBytes(sandbox.Spec.Name + "\n"));
                foreach (var file in sandbox.Spec.Files)
                {
                    int? mode = RecipeRules.TryParseMode(file.Mode, out var bits) ? bits : null;
                    sandbox.Files.Write(Path(file.Path), mode, file.Content);
                }

                if (_sandboxes.ContainsKey(sandbox.Spec.Id))
                {
                    Change(sandbox, sandbox.Info with { State = SandboxState.Running, Address = $"100.64.0.{(_sandboxes.Count % 250) + 2}" });
                    SetTimer(sandbox);
                }
            }
        }
        catch
        {
            lock (_gate)
            {
                _sandboxes.Remove(sandbox.Spec.Id);
                End(sandbox, EndReason.LaunchFailed);
            }

            sandbox.Launched.TrySetResult(null);
            throw;
        }

        sandbox.Launched.TrySetResult(sandbox.Info);
        return sandbox.Info;
    }

    private static SandboxPath Path(string text) =>
        SandboxPath.TryParse(text, out var path) ? path : throw new SandboxException(ErrorCode.Invalid, "path: malformed");

    private async Task<SandboxInfo> MoveAsync(string operation, SandboxId id, SandboxState from, SandboxState to, CancellationToken cancellationToken)
    {
        await BeginAsync(operation, cancellationToken);
        lock (_gate)
        {
            var sandbox = Get(id);
            if (sandbox.Info.State == to)
            {
                return sandbox.Info;
            }

            if (sandbox.Info.State != from)
            {
                throw WrongState(sandbox);
            }

            Change(sandbox, sandbox.Info with { State = to, ExitCode = null });
            return sandbox.Info;
        }
    }

    private FakeSandbox Get(SandboxId id) =>
        _sandboxes.GetValueOrDefault(id) ?? throw new SandboxException(ErrorCode.NotFound, "There is no such sandbox.");

    private FakeSandbox GetRunning(SandboxId id) =>
        Get(id) is { Info.State: SandboxState.Running } sandbox ? sandbox : throw WrongState(Get(id));

    private FakeSandbox GetWithFiles(SandboxId id) =>
        Get(id) is { Info.State: not SandboxState.Ended } sandbox ? sandbox : throw WrongState(Get(id));

    private void Change(FakeSandbox sandbox, SandboxInfo info)
    {
        sandbox.Info = info;
        foreach (var watcher in _watchers)
        {
            watcher.Writer.TryWrite(info);
        }
    }

    private void End(FakeSandbox sandbox, EndReason reason)
    {
        sandbox.Timer?.Dispose();
        sandbox.KillAll();
        Change(sandbox, sandbox.Info with { State = SandboxState.Ended, Reason = reason, Address = null });
    }

    private void SetTimer(FakeSandbox sandbox)
    {
        sandbox.Timer?.Dispose();
        var left = sandbox.Info.Deadline - _time.GetUtcNow();
        var wait = left < TimeSpan.Zero ? TimeSpan.Zero : left > TimeSpan.FromDays(40) ? TimeSpan.FromDays(40) : left;
        sandbox.Timer = _time.CreateTimer(_ => Expire(sandbox), null, wait, Timeout.InfiniteTimeSpan);
    }

    private void Expire(FakeSandbox sandbox)
    {
        lock (_gate)
        {
            if (sandbox.Info.State == SandboxState.Ended)
            {
                return;
            }

            // The deadline may have moved while this waited for the lock, and a timer may fire a little early.
            if (sandbox.Info.Deadline > _time.GetUtcNow())
            {
                SetTimer(sandbox);
                return;
            }

            End(sandbox, EndReason.Expired);
        }
    }
}

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

    public ITimer? Timer { get; set; }

    /// <summary>Set once launched; null when the launch failed.</summary>
    public TaskCompletionSource<SandboxInfo?> Launched { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Cancelled when everything in it is killed.</summary>
    public CancellationTokenSource Killed { get; private set; } = new();

    public void KillAll()
    {
        Terminals.Clear();
        Holders.ForEach(holder => holder?.Dispose());
        Holders.Clear();
        Killed.Cancel();
        Killed = new CancellationTokenSource();
    }
}
