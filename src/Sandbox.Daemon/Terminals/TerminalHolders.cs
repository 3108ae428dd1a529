using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipes;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
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

namespace Sandbox.Daemon.Terminals;

/// <summary>
/// Starts and finds the processes that hold terminals. The daemon never touches a terminal's bytes: it starts the
/// holder, which listens at the path of <see cref="TerminalSockets"/>, and may be killed right after that.
/// </summary>
internal sealed class TerminalHolders
{
    private const int MaxPerSandbox = 16; // each keeps 2 MiB of output outside the sandbox's own memory
    private const int LongestAnswer = 4096;

    /// <summary>Directories over which every isolation class mounts a file system.</summary>
    private static readonly string[] InnerMounts = ["/dev/", "/proc/", "/sys/"];


    private readonly DaemonOptions _options;
    private readonly OciRuntimes _runtimes;
    private readonly ProcessWatch _watch;
    private readonly ProcessMoves _moves;
    private readonly WorkGroups _work;
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
        var lazy = holders.GetOrAdd(spec.Id, _ => new Lazy<Task<Holder>>(() =>
            holders.Count > MaxPerSandbox
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
                .Select(holder => InfoOf(holder) with { Cwd = WorkingDirectory.InFront(holder.Pid, root), Home = home }),
        ];
    }

    /// <summary>Ends every holder of a sandbox and removes their files.</summary>
    public async Task CloseAllAsync(SandboxId sandbox)
    {
        var holders = HoldersOf(sandbox);
        foreach (var holder in holders.Where(holder => holder.IsAlive))
        {
            _ = Tool.Kill(holder.Pid, 15);
        }

        for (var attempt = 0; attempt < 100 && holders.Any(holder => holder.IsAlive); attempt++)
        {
            await Task.Delay(5);
        }

        foreach (var holder in holders.Where(holder => holder.IsAlive))
        {
            _ = Tool.Kill(holder.Pid, 9);
        }

        _holders.TryRemove(sandbox, out _);
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

    private async Task<Holder> StartAsync(SandboxRecord sandbox, string root, TerminalSpec spec)
    {
        _moves.Expect();
        var user = sandbox.User ?? throw new InvalidOperationException("the user was not looked up");
        var environment = ProcessPlan.EnvironmentOf(sandbox.Config, sandbox.Spec.Env, user, terminal: true);
        var wanted = sandbox.Spec.Workdir ?? sandbox.Config.Workdir;
        var workdir = ExistingDirectory(root, spec.Directory) ?? (MayExist(root, wanted) ? wanted : "/");
        var command = CommandOf(sandbox, root, spec, environment, workdir);
        IReadOnlyList<string> started = command;
        IReadOnlyList<string> variables = environment;
        var nonce = sandbox.HasShellScripts && ShellScripts.TryMark(command, environment, out started, out variables) ? NewNonce() : null;
        if (nonce is not null && workdir == "/" && wanted != "/")
        {
            // The scripts print it and unset it.
            variables = [.. variables, $"SANDBOX_NOTICE=The working directory {wanted} does not exist; you are in /."];
        }

        var (client, _) = HostUsers.Find(_options.WebUser);
        var (uid, gid) = HostUsers.Find(_options.TtyUser);
        MakeDirectory(sandbox.Spec.Id, uid, HostUsers.Find(_options.WebUser).Gid);
        var socket = SocketOf(sandbox.Spec.Id, spec.Id);
        var process = FileOf(sandbox.Spec.Id, spec.Id, ".process.json");
        var plan = new ProcessPlan(started, variables, workdir, user) { Terminal = new(spec.Cols, spec.Rows) };
        WritePrivately(process, SandboxBundle.Process(IsolationClasses.Find(sandbox.Isolation), plan));
        try
        {
            using var answers = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
            int pid;
            using (var stdout = new SafeFileHandle(answers.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false))
            using (var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            {
                pid = Tool.Spawn(
                    _options.TtyProgram,
                    [socket, Text(client), Text(uid), Text(gid), Text(spec.Cols), Text(spec.Rows), .. nonce is null ? [] : (string[])[nonce], "--", .. _runtimes.Of(sandbox.Isolation).TerminalCommand(sandbox.Spec.Id, process, nonce is not null)],
                    nothing, stdout, nothing);
                answers.DisposeLocalCopyOfClientHandle();
            }

            _ = _work.EnterAsync(sandbox.Spec.Owner, pid); // with the runtime that it starts
            var ended = _watch.WaitAsync(pid);
            var holder = new Holder(spec.Id, pid, ProcessIdentity.StartedAt(pid), command, DateTimeOffset.UtcNow, nonce is not null);
            var answer = await ReadLineAsync(answers);
            if (!answer.StartsWith("ok ", StringComparison.Ordinal))
            {
                await ended;
                throw Failure(answer, command[0]);
            }

            WritePrivately(FileOf(sandbox.Spec.Id, spec.Id, ".json"), JsonSerializer.SerializeToUtf8Bytes(holder, HolderJson.Default.Holder));
            _ = ClearAsync(sandbox.Spec.Id, spec.Id, ended);
            return holder;
        }
        finally
        {
            File.Delete(process);
        }
    }

    /// <summary>Null if it does not exist, or has a name that the runtime's JSON cannot hold.</summary>
    private static string? ExistingDirectory(string root, SandboxPath? path)
    {
        if (path is null || !Utf8.IsValid(path.Bytes))
        {
            return null;
        }

        using var files = RootedDirectory.Open(root);
        try
        {
            return files.Find(path.Bytes, followLast: true) is { Type: InodeType.Directory } ? Encoding.UTF8.GetString(path.Bytes) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Whether a directory exists, or is below a mount inside, where it cannot be seen from outside.</summary>
    private static bool MayExist(string root, string path) =>
        InnerMounts.Any(mount => path.StartsWith(mount, StringComparison.Ordinal))
        || (SandboxPath.TryParse(path, out var parsed) && ExistingDirectory(root, parsed) is not null);

    private static IReadOnlyList<string> CommandOf(SandboxRecord sandbox, string root, TerminalSpec spec, IReadOnlyList<string> environment, string workdir)
    {
        IReadOnlyList<string> command = spec.Command ?? (sandbox.Config.IsInteractive && !spec.IsShell ? [.. sandbox.Config.Entrypoint, .. sandbox.Config.Command] : []);
        if (command.Count == 0)
        {
            return [CommandLookup.RequireShell(root, environment)];
        }

        CommandLookup.Require(root, command[0], environment, workdir);
        return command;
    }

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
    private void MakeDirectory(SandboxId sandbox, uint uid, uint webGroup)
    {
        var directory = DirectoryOf(sandbox);
        if (!Directory.Exists(directory))
        {
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

    private static TerminalInfo InfoOf(Holder holder) => new(holder.Id, holder.Command, holder.CreatedAt) { IsMarked = holder.IsMarked };

    /// <summary>A secret that programs in the terminal cannot guess: 128 random bits.</summary>
    private static string NewNonce() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    private string DirectoryOf(SandboxId sandbox) => TerminalSockets.DirectoryOf(_options.RunDirectory, sandbox);

    private string SocketOf(SandboxId sandbox, TerminalId terminal) => TerminalSockets.PathOf(_options.RunDirectory, sandbox, terminal);

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
    bool IsMarked = false)
{
    [JsonIgnore]
    public bool IsAlive => PidStartedAt != 0 && ProcessIdentity.StartedAt(Pid) == PidStartedAt;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Holder))]
internal sealed partial class HolderJson : JsonSerializerContext;

internal sealed class TerminalIdJson : JsonConverter<TerminalId>
{
    public override TerminalId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => TerminalId.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, TerminalId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}
