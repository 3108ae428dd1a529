using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipes;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
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

/// <summary>A holder that has started its process.</summary>
/// <param name="Holder">Its record.</param>
/// <param name="Process">The pid of the process in the terminal.</param>
/// <param name="Ended">Completes when the holder has ended.</param>
internal sealed record StartedHolder(Holder Holder, int Process, Task Ended);

/// <summary>Starts the processes that hold terminals. Each starts the runtime, which starts the terminal's process.</summary>
internal sealed class HolderStart(DaemonOptions options, OciRuntimes runtimes, ProcessWatch watch, ProcessMoves moves, WorkGroups work, HolderFiles files, DetachedCommands detached)
{
    private const int LongestAnswer = 4096;

    private static readonly TerminalSize Usual = new(80, 24);

    /// <summary>The size of the terminal that comes with a sandbox, until somebody looks at it.</summary>
    public static TerminalSize OwnSize(SandboxRecord sandbox) => sandbox.Spec.Terminal ?? Usual;

    /// <summary>Starts the holder of a terminal beside the sandbox's own command. Codes: CommandNotFound, Internal.</summary>
    public async Task<StartedHolder> StartAsync(SandboxRecord sandbox, string root, TerminalSpec spec)
    {
        moves.Expect();
        var plan = TerminalPlan.Of(sandbox, root, spec);
        return await StartInsideAsync(sandbox, spec.Id, plan, spec.IsDetached && !IsolationClasses.Find(sandbox.Isolation).HasOwnKernel ? SandboxBundle.BelowInit(plan.Started) : plan.Started, new TerminalSize(spec.Cols, spec.Rows), spec.IsDetached);
    }

    private async Task<StartedHolder> StartInsideAsync(SandboxRecord sandbox, TerminalId id, TerminalPlan plan, IReadOnlyList<string> started, TerminalSize size, bool isDetached)
    {
        var runtime = runtimes.Of(sandbox.Isolation);
        var kernel = runtime as GvisorRuntime;
        files.MakeDirectory(sandbox.Spec.Id);
        var process = kernel is null ? files.ProcessOf(sandbox.Spec.Id, id) : Path.Combine(kernel.FilesOf(sandbox.Spec.Id), $"{id}.json");
        var user = sandbox.User ?? throw new InvalidOperationException("the user was not looked up");
        var nonce = plan.IsMarked ? NewNonce() : null;
        IReadOnlyList<string> variables = plan.Variables;
        if (kernel is not null)
        {
            (started, variables) = (SandboxBundle.Become(started), nonce is null ? variables : [.. variables, $"SANDBOX_NONCE={nonce}"]);
        }

        HolderFiles.WritePrivately(process, SandboxBundle.Process(IsolationClasses.Find(sandbox.Isolation), new ProcessPlan(started, variables, plan.Workdir, user) { Terminal = size }), kernel?.UserOf(sandbox.Spec.Id));
        try
        {
            var command = kernel?.TerminalCommand(sandbox.Spec.Id, process, id) ?? runtime.TerminalCommand(sandbox.Spec.Id, process, plan.IsMarked);
            return await HoldAsync(sandbox, id, plan, nonce, size, command, answer => Failure(answer, plan.Command[0]), isDetached, kernel?.FilesOf(sandbox.Spec.Id));
        }
        finally
        {
            File.Delete(process);
        }
    }

    /// <summary>Starts a sandbox through the holder of its own command's terminal: the runtime makes the sandbox, whose init starts the command.</summary>
    /// <returns>The holder; its process is the init.</returns>
    public async Task<StartedHolder> StartOwnAsync(SandboxRecord sandbox, TerminalId id, TerminalPlan plan, string bundle, Func<Func<int>, Task<int>> spawn)
    {
        File.Delete(OciRuntime.ComplaintsOf(bundle));
        var command = runtimes.Of(sandbox.Isolation).RunCommand(sandbox.Spec.Id, bundle, plan.IsMarked ? 2 : 1);
        return await HoldAsync(sandbox, id, plan, plan.IsMarked ? NewNonce() : null, OwnSize(sandbox), command, answer => OciRuntime.Failure(OciRuntime.ComplaintsOf(bundle), answer), spawn: spawn);
    }

    /// <summary>Starts the own command of a sandbox whose kernel, and an init that waits, run already: the runtime passes it no descriptors.</summary>
    public Task<StartedHolder> StartOwnInsideAsync(SandboxRecord sandbox, TerminalId id, TerminalPlan plan) =>
        StartInsideAsync(sandbox, id, plan, plan.Started, OwnSize(sandbox), isDetached: false);

    /// <summary>Hangs up what ran in a terminal that is gone, where the host's kernel cannot.</summary>
    public Task HangUpInsideAsync(SandboxId sandbox, TerminalId terminal) => runtimes.Gvisor.HangUpAsync(sandbox, terminal);

    /// <summary>Gives a terminal another size.</summary>
    public async Task ResizeAsync(SandboxId sandbox, TerminalId terminal, TerminalSize size, CancellationToken cancellationToken)
    {
        var frame = new byte[TtyFrame.HeaderLength + (2 * sizeof(ushort))];
        frame[0] = TtyFrame.Resize;
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(1), 2 * sizeof(ushort));
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(TtyFrame.HeaderLength), (ushort)size.Cols);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(TtyFrame.HeaderLength + sizeof(ushort)), (ushort)size.Rows);
        await using var holder = await TerminalSockets.ConnectAsync(files.SocketOf(sandbox, terminal), cancellationToken);
        await holder.WriteAsync(frame, cancellationToken);
    }

    /// <summary>Starts a holder, which starts the runtime, and waits until the process runs.</summary>
    private async Task<StartedHolder> HoldAsync(
        SandboxRecord sandbox, TerminalId id, TerminalPlan plan, string? nonce, TerminalSize size, IReadOnlyList<string> runtime, Func<string, SandboxException> failure, bool isDetached = false, string? place = null, Func<Func<int>, Task<int>>? spawn = null)
    {
        var isOwn = sandbox.Own == id;
        files.MakeDirectory(sandbox.Spec.Id);
        var (client, _) = HostUsers.Find(options.WebUser);
        var (uid, gid) = HostUsers.Find(options.TtyUser);
        string[] settings =
        [
            .. isOwn || isDetached ? [(isOwn && place is null ? "log=" : "keep=") + files.LogOf(sandbox.Spec.Id, id)] : (string[])[],
            .. place is null ? (string[])[] : ["in=" + place],
            .. nonce is null ? (string[])[] : [nonce],
        ];
        using var answers = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        int pid;
        using (var stdout = new SafeFileHandle(answers.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false))
        using (var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            int Start() => Tool.Spawn(
                options.TtyProgram,
                [files.SocketOf(sandbox.Spec.Id, id), Text(client), Text(uid), Text(gid), Text(size.Cols), Text(size.Rows), .. settings, "--", .. runtime],
                nothing, stdout, nothing);
            pid = spawn is null ? Start() : await spawn(Start);
            answers.DisposeLocalCopyOfClientHandle();
        }

        if (!isOwn)
        {
            _ = work.EnterAsync(sandbox.Spec.Owner, pid); // with the runtime that it starts
        }

        var ended = watch.WaitAsync(pid);
        var holder = new Holder(id, pid, ProcessIdentity.StartedAt(pid), plan.Command, DateTimeOffset.UtcNow, plan.IsMarked);
        var answer = await ReadLineAsync(answers);
        if (!answer.StartsWith("ok ", StringComparison.Ordinal))
        {
            await ended;
            throw failure(answer);
        }

        if (isOwn)
        {
            _ = work.EnterAsync(sandbox.Spec.Owner, pid); // a launch is everybody's first wait: its runtime starts at full speed
        }

        files.Keep(sandbox.Spec.Id, holder);
        if (isDetached)
        {
            detached.Add(sandbox.Spec.Id, holder);
        }

        return new StartedHolder(holder, int.Parse(answer.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture), ended);
    }

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

    /// <summary>A secret that programs in the terminal cannot guess: 128 random bits.</summary>
    private static string NewNonce() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
