using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipes;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;
using Sandbox.Rpc;
using Sandbox.Terminals.Flow;

namespace Sandbox.Daemon.Terminals;

/// <summary>
/// Starts and finds the processes that hold terminals. The daemon never touches a terminal's bytes: it starts the
/// holder, which listens at the path of <see cref="TerminalSockets"/>, and may be killed right after that.
/// </summary>
internal sealed class TerminalHolders
{
    private const int MaxPerSandbox = 16; // each keeps 2 MiB of output outside the sandbox's own memory
    private const int LongestAnswer = 4096;

    private static readonly TerminalSize OwnSize = new(80, 24); // until somebody comes

    private readonly DaemonOptions _options;
    private readonly OciRuntimes _runtimes;
    private readonly ProcessWatch _watch;
    private readonly ProcessMoves _moves;
    private readonly WorkGroups _work;
    private readonly Lock _claiming = new();
    private readonly ConcurrentDictionary<SandboxId, ConcurrentDictionary<TerminalId, Lazy<Task<Holder>>>> _holders = new();

    public TerminalHolders(DaemonOptions options, OciRuntimes runtimes, ProcessWatch watch, ProcessMoves moves, WorkGroups work)
    {
        _options = options;
        _runtimes = runtimes;
        _watch = watch;
        _moves = moves;
        _work = work;
    }

    private string Root => TerminalSockets.RootOf(_options.RunDirectory);

    /// <summary>Opens a terminal. Idempotent: the same id gives the same terminal.</summary>
    public async Task<TerminalInfo> OpenAsync(SandboxRecord sandbox, string root, TerminalSpec spec, CancellationToken cancellationToken)
    {
        if (TerminalRules.Validate(spec) is { Count: > 0 } mistakes)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        var holders = _holders.GetOrAdd(sandbox.Spec.Id, _ => new());
        if (!holders.ContainsKey(spec.Id) && Claim(sandbox, spec) is { } own)
        {
            await ResizeAsync(SocketOf(sandbox.Spec.Id, own.Id), spec, cancellationToken);
            return InfoOf(own);
        }

        var lazy = holders.GetOrAdd(spec.Id, _ => new Lazy<Task<Holder>>(() =>
            holders.Count > MostOf(sandbox)
                ? Task.FromException<Holder>(new SandboxException(ErrorCode.Quota, $"A sandbox has at most {MaxPerSandbox} terminals. Close one first."))
                : StartAsync(sandbox, root, spec)));
        try
        {
            var holder = await lazy.Value.WaitAsync(cancellationToken);
            return InfoOf(holder);
        }
        catch when (lazy.Value.IsFaulted)
        {
            holders.TryRemove(new(spec.Id, lazy));
            throw;
        }
    }

    /// <summary>The terminals whose holder runs, oldest first.</summary>
    public IReadOnlyList<TerminalInfo> List(SandboxRecord sandbox, string root)
    {
        var home = SandboxPath.TryParse(sandbox.User?.Home, out var path) ? path : null;
        return
        [
            .. HoldersOf(sandbox.Spec.Id).Where(holder => holder.IsAlive).OrderBy(holder => holder.CreatedAt)
                .Select(holder => InfoOf(holder) with
                {
                    Cwd = WorkingDirectory.InFront(holder.Id == sandbox.Own ? OwnState(sandbox)?.Pid : WorkingDirectory.ChildOf(holder.Pid), root),
                    Home = home,
                    IsOwn = holder.Id == sandbox.Own,
                    IsSeen = holder.Id != sandbox.Own || holder.IsClaimed || OwnState(sandbox) is not { Uses: TtyLogUses.None },
                }),
        ];
    }

    /// <summary>Ends every holder of a sandbox and removes their files.</summary>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="keep">Called in between, when the holders write no more.</param>
    public async Task CloseAllAsync(SandboxId sandbox, Action? keep = null)
    {
        var holders = HoldersOf(sandbox);
        HangUp(sandbox);

        for (var attempt = 0; attempt < 100 && holders.Any(holder => holder.IsAlive); attempt++)
        {
            await Task.Delay(5);
        }

        foreach (var holder in holders.Where(holder => holder.IsAlive))
        {
            _ = Tool.Kill(holder.Pid, 9);
        }

        _holders.TryRemove(sandbox, out _);
        keep?.Invoke();
        try
        {
            Directory.Delete(DirectoryOf(sandbox), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // It does not exist, or a concurrent removal was quicker.
        }
    }

    /// <summary>At start: finds the holders of running sandboxes again, and removes leftovers of others.</summary>
    public async Task AdoptAsync(IReadOnlySet<SandboxId> living)
    {
        Directory.CreateDirectory(Root);
        File.SetUnixFileMode(Root, (UnixFileMode)0b111_001_001); // passed through, not listed
        foreach (var directory in Directory.GetDirectories(Root))
        {
            if (!SandboxId.TryParse(Path.GetFileName(directory), out var sandbox))
            {
                Directory.Delete(directory, recursive: true);
                continue;
            }

            var holders = _holders.GetOrAdd(sandbox, _ => new());
            foreach (var file in Directory.GetFiles(directory, "*.json"))
            {
                if (Read(file) is { IsAlive: true } holder)
                {
                    holders[holder.Id] = new Lazy<Task<Holder>>(Task.FromResult(holder));
                    _ = ClearAsync(sandbox, holder.Id, _watch.WaitAsync(holder.Pid));
                }
                else if (!file.EndsWith(".process.json", StringComparison.Ordinal))
                {
                    File.Delete(file);
                }
            }

            if (!living.Contains(sandbox))
            {
                await CloseAllAsync(sandbox);
            }
        }
    }

    private static Holder? Read(string file)
    {
        try
        {
            return file.EndsWith(".process.json", StringComparison.Ordinal) ? null : JsonSerializer.Deserialize(File.ReadAllBytes(file), HolderJson.Default.Holder);
        }
        catch (Exception fault) when (fault is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Starts a sandbox through the holder of its own command's terminal: the runtime makes the sandbox, whose init starts
    /// the command. The terminal is then listed as <see cref="SandboxRecord.Own"/>.
    /// </summary>
    /// <returns>The pid of the init.</returns>
    public async Task<int> StartOwnAsync(SandboxRecord sandbox, TerminalPlan plan, string bundle)
    {
        var id = sandbox.Own ?? throw new InvalidOperationException("the terminal has no id");
        var holders = _holders.GetOrAdd(sandbox.Spec.Id, _ => new());
        var init = 0;
        var lazy = new Lazy<Task<Holder>>(async () =>
        {
            var command = _runtimes.Of(sandbox.Isolation).RunCommand(sandbox.Spec.Id, bundle, plan.IsMarked ? 2 : 1);
            var (holder, pid) = await HoldAsync(sandbox, id, plan, OwnSize, command, answer => OciRuntime.Failure(OciRuntime.ComplaintsOf(bundle), answer));
            init = pid;
            return holder;
        });
        holders[id] = lazy;
        File.Delete(OciRuntime.ComplaintsOf(bundle));
        try
        {
            _ = await lazy.Value;
            return init;
        }
        catch
        {
            holders.TryRemove(new(id, lazy));
            throw;
        }
    }

    /// <summary>The init of a sandbox whose own command has a terminal: what it runs, and the terminal of that size.</summary>
    public static ProcessPlan InitOf(SandboxRecord sandbox, TerminalPlan plan) =>
        new(SandboxBundle.BelowOwnInit(plan.IsMarked ? 4 : 3, plan.Started), plan.Variables, plan.Workdir, UserOf(sandbox)) { Terminal = OwnSize };

    /// <summary>How the sandbox's own command is; null if it has none, or its sandbox does not run.</summary>
    public TtyLogState? OwnState(SandboxRecord sandbox) => sandbox.Own is { } own ? OwnLog.StateOf(LogOf(sandbox.Spec.Id, own)) : null;

    /// <summary>The kept output of the sandbox's own command since its last start; null when there is none.</summary>
    public OwnLog? OpenLog(SandboxRecord sandbox) => sandbox.Own is { } own ? OwnLog.Open(LogOf(sandbox.Spec.Id, own)) : null;

    /// <summary>Whether <see cref="OpenLog"/> would find a log.</summary>
    public bool HasLog(SandboxRecord sandbox) => sandbox.Own is { } own && File.Exists(LogOf(sandbox.Spec.Id, own));

    /// <summary>Completes when the sandbox's own command has ended, with how; null when nobody knows.</summary>
    public async Task<TtyLogState?> OwnEndedAsync(SandboxRecord sandbox)
    {
        TtyLogState? state;
        for (var wait = 1; (state = OwnState(sandbox)) is { ExitCode: null, Pid: 0 } && wait < 4096; wait *= 2)
        {
            await Task.Delay(wait); // the init has not said yet which process it is
        }

        if (state is { ExitCode: null, Pid: > 0 and var pid })
        {
            _ = await _watch.WaitAsync(pid);
            for (var attempt = 0; attempt < 100 && (state = OwnState(sandbox)) is { ExitCode: null }; attempt++)
            {
                await Task.Delay(10); // the holder learns it from the init
            }
        }

        return state;
    }

    /// <summary>Hangs up all terminals of a sandbox, which ends shells that ignore being asked.</summary>
    public void HangUp(SandboxId sandbox)
    {
        foreach (var holder in HoldersOf(sandbox).Where(holder => holder.IsAlive))
        {
            _ = Tool.Kill(holder.Pid, 15);
        }
    }

    private async Task<Holder> StartAsync(SandboxRecord sandbox, string root, TerminalSpec spec)
    {
        _moves.Expect();
        var plan = TerminalPlan.Of(sandbox, root, spec);
        var size = new TerminalSize(spec.Cols, spec.Rows);
        var process = FileOf(sandbox.Spec.Id, spec.Id, ".process.json");
        MakeDirectory(sandbox.Spec.Id);
        WritePrivately(process, SandboxBundle.Process(IsolationClasses.Find(sandbox.Isolation), new ProcessPlan(plan.Started, plan.Variables, plan.Workdir, UserOf(sandbox)) { Terminal = size }));
        try
        {
            var command = _runtimes.Of(sandbox.Isolation).TerminalCommand(sandbox.Spec.Id, process, plan.IsMarked);
            var (holder, _) = await HoldAsync(sandbox, spec.Id, plan, size, command, answer => Failure(answer, plan.Command[0]));
            return holder;
        }
        finally
        {
            File.Delete(process);
        }
    }

    /// <summary>Starts a holder, which starts the runtime, and waits until the process runs.</summary>
    private async Task<(Holder Holder, int Process)> HoldAsync(
        SandboxRecord sandbox, TerminalId id, TerminalPlan plan, TerminalSize size, IReadOnlyList<string> runtime, Func<string, SandboxException> failure)
    {
        var isOwn = sandbox.Own == id;
        MakeDirectory(sandbox.Spec.Id);
        var (client, _) = HostUsers.Find(_options.WebUser);
        var (uid, gid) = HostUsers.Find(_options.TtyUser);
        string[] options = [.. isOwn ? ["log=" + LogOf(sandbox.Spec.Id, id)] : (string[])[], .. plan.IsMarked ? [NewNonce()] : (string[])[]];
        using var answers = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        int pid;
        using (var stdout = new SafeFileHandle(answers.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false))
        using (var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            pid = Tool.Spawn(
                _options.TtyProgram,
                [SocketOf(sandbox.Spec.Id, id), Text(client), Text(uid), Text(gid), Text(size.Cols), Text(size.Rows), .. options, "--", .. runtime],
                nothing, stdout, nothing);
            answers.DisposeLocalCopyOfClientHandle();
        }

        if (!isOwn)
        {
            _ = _work.EnterAsync(sandbox.Spec.Owner, pid); // with the runtime that it starts
        }

        var ended = _watch.WaitAsync(pid);
        var holder = new Holder(id, pid, ProcessIdentity.StartedAt(pid), plan.Command, DateTimeOffset.UtcNow, plan.IsMarked);
        var answer = await ReadLineAsync(answers);
        if (!answer.StartsWith("ok ", StringComparison.Ordinal))
        {
            await ended;
            throw failure(answer);
        }

        if (isOwn)
        {
            _ = _work.EnterAsync(sandbox.Spec.Owner, pid); // a launch is everybody's first wait: its runtime starts at full speed
        }

        WritePrivately(FileOf(sandbox.Spec.Id, id, ".json"), JsonSerializer.SerializeToUtf8Bytes(holder, HolderJson.Default.Holder));
        _ = ClearAsync(sandbox.Spec.Id, id, ended);
        return (holder, int.Parse(answer.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// Gives the terminal of the image's own command to a visitor who asks for just that: the first one gets it, as long
    /// as it runs and nobody has looked at it.
    /// </summary>
    private Holder? Claim(SandboxRecord sandbox, TerminalSpec spec)
    {
        if (!spec.MayBeOwn || !sandbox.Config.IsInteractive || sandbox.Own is not { } own || OwnState(sandbox) is not { ExitCode: null, Uses: TtyLogUses.None })
        {
            return null;
        }

        lock (_claiming)
        {
            if (HoldersOf(sandbox.Spec.Id).Find(holder => holder.Id == own) is not { IsAlive: true, IsClaimed: false } holder)
            {
                return null;
            }

            var claimed = holder with { IsClaimed = true };
            _holders[sandbox.Spec.Id][own] = new Lazy<Task<Holder>>(Task.FromResult(claimed));
            WritePrivately(FileOf(sandbox.Spec.Id, own, ".json"), JsonSerializer.SerializeToUtf8Bytes(claimed, HolderJson.Default.Holder));
            return claimed;
        }
    }

    private static async Task ResizeAsync(string socket, TerminalSpec spec, CancellationToken cancellationToken)
    {
        var frame = new byte[TtyFrame.HeaderLength + (2 * sizeof(ushort))];
        frame[0] = TtyFrame.Resize;
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(1), 2 * sizeof(ushort));
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(TtyFrame.HeaderLength), (ushort)spec.Cols);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(TtyFrame.HeaderLength + sizeof(ushort)), (ushort)spec.Rows);
        await using var holder = await TerminalSockets.ConnectAsync(socket, cancellationToken);
        await holder.WriteAsync(frame, cancellationToken);
    }

    /// <summary>One terminal more than usual while nobody asked for the one that came with the sandbox.</summary>
    private int MostOf(SandboxRecord sandbox) =>
        sandbox.Own is { } own && HoldersOf(sandbox.Spec.Id).Exists(holder => holder.Id == own && !holder.IsClaimed) ? MaxPerSandbox + 1 : MaxPerSandbox;

    /// <summary>When a holder has ended, its terminal is no longer listed and its files are removed.</summary>
    private async Task ClearAsync(SandboxId sandbox, TerminalId terminal, Task<int?> ended)
    {
        await ended;
        if (_holders.TryGetValue(sandbox, out var holders))
        {
            holders.TryRemove(terminal, out _);
        }

        foreach (var file in (ReadOnlySpan<string>)[SocketOf(sandbox, terminal), FileOf(sandbox, terminal, ".json")])
        {
            try
            {
                File.Delete(file);
            }
            catch (DirectoryNotFoundException)
            {
                return; // the whole sandbox was removed
            }
        }
    }

    private List<Holder> HoldersOf(SandboxId sandbox) => _holders.TryGetValue(sandbox, out var holders)
        ? [.. holders.Values.Where(lazy => lazy.IsValueCreated && lazy.Value.IsCompletedSuccessfully).Select(lazy => lazy.Value.Result)]
        : [];

    private static SandboxException Failure(string answer, string command)
    {
        var words = answer.Split(' ', 3);
        return words is ["failed", nameof(ErrorCode.CommandNotFound), ..]
            ? new SandboxException(ErrorCode.CommandNotFound, $"The sandbox has no command '{command}', or it cannot be executed.")
            : new SandboxException(ErrorCode.Internal, "The terminal could not be opened.", new IOException(answer.Length == 0 ? "sandbox-tty said nothing" : answer));
    }

    private static async Task<string> ReadLineAsync(AnonymousPipeServerStream answers)
    {
        var buffer = new byte[LongestAnswer];
        var length = 0;
        while (length < buffer.Length && await answers.ReadAsync(buffer.AsMemory(length)) is var count and > 0)
        {
            length += count;
            if (buffer.AsSpan(0, length).Contains((byte)'\n'))
            {
                break;
            }
        }

        return Encoding.UTF8.GetString(buffer, 0, length).TrimEnd();
    }

    /// <summary>The holder's account makes and removes its socket in it, the web process may enter it, and nobody else.</summary>
    private void MakeDirectory(SandboxId sandbox)
    {
        var directory = DirectoryOf(sandbox);
        if (!Directory.Exists(directory))
        {
            var (uid, _) = HostUsers.Find(_options.TtyUser);
            var (_, webGroup) = HostUsers.Find(_options.WebUser);
            Directory.CreateDirectory(directory);
            File.SetUnixFileMode(directory, (UnixFileMode)0b111_001_000);
            Mounting.Chown(directory, uid, webGroup);
        }
    }

    private static void WritePrivately(string file, byte[] content)
    {
        using var stream = new FileStream(file + ".new", new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        stream.Write(content);
        stream.Close();
        File.Move(file + ".new", file, overwrite: true);
    }

    private static ProcessUser UserOf(SandboxRecord sandbox) => sandbox.User ?? throw new InvalidOperationException("the user was not looked up");

    private static TerminalInfo InfoOf(Holder holder) => new(holder.Id, holder.Command, holder.CreatedAt) { IsMarked = holder.IsMarked };

    /// <summary>A secret that programs in the terminal cannot guess: 128 random bits.</summary>
    private static string NewNonce() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    private string DirectoryOf(SandboxId sandbox) => TerminalSockets.DirectoryOf(_options.RunDirectory, sandbox);

    private string SocketOf(SandboxId sandbox, TerminalId terminal) => TerminalSockets.PathOf(_options.RunDirectory, sandbox, terminal);

    private string LogOf(SandboxId sandbox, TerminalId terminal) => FileOf(sandbox, terminal, ".log");

    private string FileOf(SandboxId sandbox, TerminalId terminal, string ending) => Path.Combine(DirectoryOf(sandbox), terminal.Value + ending);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The record of a terminal's holder on disk.</summary>
internal sealed record Holder(
    [property: JsonConverter(typeof(TerminalIdJson))] TerminalId Id,
    int Pid,
    long PidStartedAt,
    IReadOnlyList<string> Command,
    DateTimeOffset CreatedAt,
    bool IsMarked = false,
    bool IsClaimed = false)
{
    [JsonIgnore]
    public bool IsAlive => PidStartedAt != 0 && ProcessIdentity.StartedAt(Pid) == PidStartedAt;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Holder))]
internal sealed partial class HolderJson : JsonSerializerContext;
