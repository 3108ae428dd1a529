using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Linux;

/// <summary>How a program ended.</summary>
internal sealed record ToolResult(int ExitCode, byte[] Stdout, byte[] Stderr)
{
    public bool Ok => ExitCode == 0;

    public string Text => Encoding.UTF8.GetString(Stdout);

    /// <summary>The last line of stderr, where programs report errors.</summary>
    public string Complaint => Encoding.UTF8.GetString(Stderr).TrimEnd().Split('\n')[^1];
}

/// <summary>
/// Runs other programs: <c>posix_spawn</c> (which glibc does without copying the address space) and memory files for
/// what they print. A pipe would not do: an OCI runtime hands its own stdout on to what it starts, and reading a pipe
/// to its end would then wait for the sandbox.
/// </summary>
internal sealed partial class Tool(ProcessWatch watch)
{
    private const short SetSigDefault = 0x04;
    private const short SetSigMask = 0x08;
    private const short SetSession = 0x80;
    /// <summary>
    /// Bytes kept of what a program prints: the beginning of its output, and the end of its errors. A file in memory
    /// can be made as long as one likes without writing to it, and some programs hand theirs to a sandbox.
    /// </summary>
    internal const int MostOutput = 16 << 20;

    private const int MostErrors = 1 << 20;
    private const int AttributeLength = 512; // posix_spawnattr_t is 336 bytes in glibc, file_actions_t 80, sigset_t 128

    private static readonly string[] Environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/root"];

    /// <summary>Runs a program to its end. Cancelling kills it and waits for its end.</summary>
    public async Task<ToolResult> RunAsync(string program, IReadOnlyList<string> arguments, ReadOnlyMemory<byte> stdin = default, CancellationToken cancellationToken = default)
    {
        using var input = MemoryFile("stdin");
        using var output = MemoryFile("stdout");
        using var error = MemoryFile("stderr");
        if (!stdin.IsEmpty)
        {
            RandomAccess.Write(input, stdin.Span, 0);
        }

        var pid = Spawn(program, arguments, input, output, error);
        var ended = watch.WaitAsync(pid);
        await using (cancellationToken.Register(() => _ = Kill(pid, 9)))
        {
            var code = await ended;
            cancellationToken.ThrowIfCancellationRequested();
            return new ToolResult(code ?? 127, Read(output, 0, MostOutput), ReadEnd(error));
        }
    }

    /// <summary>Runs a program to its end, and throws its error message if it fails.</summary>
    public async Task<ToolResult> RunOrThrowAsync(string program, IReadOnlyList<string> arguments, ReadOnlyMemory<byte> stdin = default, CancellationToken cancellationToken = default)
    {
        var result = await RunAsync(program, arguments, stdin, cancellationToken);
        return result.Ok ? result : throw new IOException($"{program} {string.Join(' ', arguments)}: exit {result.ExitCode}: {result.Complaint}");
    }

    /// <summary>Starts a program in a session of its own and returns its pid. The caller waits for it.</summary>
    public static unsafe int Spawn(string program, IReadOnlyList<string> arguments, SafeFileHandle stdin, SafeFileHandle stdout, SafeFileHandle stderr)
    {
        var actions = stackalloc byte[AttributeLength];
        var attributes = stackalloc byte[AttributeLength];
        var signals = stackalloc byte[128];
        _ = FileActionsInit(actions);
        _ = AttributesInit(attributes);
        try
        {
            _ = FileActionsDup2(actions, (int)stdin.DangerousGetHandle(), 0);
            _ = FileActionsDup2(actions, (int)stdout.DangerousGetHandle(), 1);
            _ = FileActionsDup2(actions, (int)stderr.DangerousGetHandle(), 2);
            _ = AttributesSetFlags(attributes, SetSigDefault | SetSigMask | SetSession);
            new Span<byte>(signals, 128).Clear();
            _ = AttributesSetMask(attributes, signals);
            new Span<byte>(signals, 128).Fill(0xff); // the runtime ignores SIGPIPE; what we start must not inherit that
            _ = AttributesSetDefault(attributes, signals);
            var error = PosixSpawn(out var pid, program, actions, attributes, [program, .. arguments, null], [.. Environment, null]);
            return error == 0 ? pid : throw new IOException($"{program}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
        finally
        {
            _ = FileActionsDestroy(actions);
            _ = AttributesDestroy(attributes);
        }
    }

    /// <summary>What a file in memory contains, of a long one the end.</summary>
    public static string ReadText(SafeFileHandle file) => Encoding.UTF8.GetString(ReadEnd(file)).Trim();

    /// <summary>What a program has written to a file of its own, of a long one the end; empty if it has none.</summary>
    public static string ReadText(string path)
    {
        if (!File.Exists(path))
        {
            return "";
        }

        using var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        return ReadText(file);
    }

    /// <summary>A file that lives in memory and goes with its last handle.</summary>
    public static SafeFileHandle MemoryFile(string name) =>
        new(Native.Check(MemfdCreate(name, 1 /* MFD_CLOEXEC */), "memfd_create"), ownsHandle: true);

    private static byte[] ReadEnd(SafeFileHandle file) => Read(file, Math.Max(0, RandomAccess.GetLength(file) - MostErrors), MostErrors);

    private static byte[] Read(SafeFileHandle file, long from, int most)
    {
        var bytes = new byte[Math.Clamp(RandomAccess.GetLength(file) - from, 0, most)];
        var read = 0;
        while (read < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(read), from + read) is var count and > 0)
        {
            read += count;
        }

        return bytes[..read];
    }

    /// <summary>
    /// Sends a signal to a process, or to a group by its negative number. Nothing is sent to 0, 1 and -1, which are our own
    /// group, the host's init and every process there is: a record whose process is not known yet has 0.
    /// </summary>
    public static int Kill(int pid, int signal) => pid is > 1 or < -1 ? Send(pid, signal) : -1;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemfdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnp", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int PosixSpawn(out int pid, string file, byte* actions, byte* attributes, string?[] arguments, string?[] environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static unsafe partial int FileActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static unsafe partial int FileActionsDestroy(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static unsafe partial int FileActionsDup2(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static unsafe partial int AttributesInit(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static unsafe partial int AttributesDestroy(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static unsafe partial int AttributesSetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static unsafe partial int AttributesSetMask(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static unsafe partial int AttributesSetDefault(byte* attributes, byte* signals);
}
