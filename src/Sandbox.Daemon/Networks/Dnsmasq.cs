using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Networks;

/// <summary>The account that resolvers run as.</summary>
internal sealed record DnsAccount(int Uid, int Gid);

/// <summary>
/// One dnsmasq. It parses packets of strangers, so it is never root: it starts as an account of its own with the one
/// capability that port 53 needs, and can gain no other. It outlives this daemon, and the next one takes it over.
/// </summary>
internal sealed partial class Dnsmasq(IPEndPoint address, string[] command, DnsAccount account, ProcessWatch watch, ILogger logger) : IDisposable
{
    /// <summary>The port of DNS.</summary>
    public const int NamePort = 53;

    private const int HangUp = 1;
    private const string ListenAddress = "--listen-address=";
    private const string ListenPort = "--port=";

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private Task _supervision = Task.CompletedTask;

    /// <summary>The process, for as long as it runs; 0 before the first start.</summary>
    public int ProcessId { get; private set; }

    /// <summary>The options that every one has.</summary>
    public static string[] Command(IPEndPoint address, params IEnumerable<string> options) =>
    [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--log-facility=/dev/null",
        ListenAddress + address.Address, .. address.Port == NamePort ? Array.Empty<string>() : [ListenPort + address.Port.ToString(CultureInfo.InvariantCulture)], "--bind-interfaces", "--no-hosts", "--no-ident", "--domain-needed", "--bogus-priv",
        "--filter-AAAA", // an address that no sandbox can reach only makes programs wait
        .. options,
    ];

    /// <summary>
    /// The processes of the account that listen on an address, with their arguments. A sandbox cannot pass for one: its uids
    /// are others.
    /// </summary>
    public static IEnumerable<(int Pid, IPEndPoint Address, string[] Command)> Find(DnsAccount account)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                continue;
            }

            string[] arguments;
            try
            {
                arguments = File.ReadAllText($"{directory}/cmdline").TrimEnd('\0').Split('\0');
                if (arguments[0] != "dnsmasq" || !File.ReadLines($"{directory}/status").Contains($"Uid:\t{account.Uid}\t{account.Uid}\t{account.Uid}\t{account.Uid}", StringComparer.Ordinal))
                {
                    continue;
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                continue; // ended while we looked
            }

            if (IPAddress.TryParse(ValueOf(arguments, ListenAddress), out var found))
            {
                yield return (pid, new IPEndPoint(found, int.TryParse(ValueOf(arguments, ListenPort), CultureInfo.InvariantCulture, out var port) ? port : NamePort), arguments);
            }
        }
    }

    /// <summary>Ends a process, which has nothing to save.</summary>
    public static async Task EndAsync(int pid, ProcessWatch watch)
    {
        var ended = watch.WaitAsync(pid);
        _ = Tool.Kill(pid, 9);
        await ended;
    }

    /// <summary>Whether it would be started with these arguments.</summary>
    public bool IsCommand(string[] other) => other.AsSpan().SequenceEqual(command);

    /// <summary>Takes over a process of an earlier daemon, or starts one for 0. From then on starts another whenever it ends.</summary>
    public void Start(int pid)
    {
        ProcessId = pid;
        _supervision = SuperviseAsync(pid == 0 ? Spawn() : watch.WaitAsync(pid));
    }

    /// <summary>Waits until it answers, within a bound.</summary>
    public async Task<bool> IsListeningAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < LongestStart)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(address);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(2);
            }
        }

        return false;
    }

    /// <summary>Lets it read its files again.</summary>
    public void Reload() => _ = ProcessId > 0 ? Tool.Kill(ProcessId, HangUp) : 0;

    /// <summary>Leaves it running.</summary>
    public async Task StopSupervisingAsync()
    {
        await _stop.CancelAsync();
        await _supervision;
    }

    /// <summary>Ends it for good.</summary>
    public async Task EndAsync()
    {
        await StopSupervisingAsync();
        if (ProcessId > 0)
        {
            await EndAsync(ProcessId, watch);
        }

        ProcessId = 0;
    }

    public void Dispose() => _stop.Dispose();

    private static string? ValueOf(string[] arguments, string option) =>
        Array.Find(arguments, argument => argument.StartsWith(option, StringComparison.Ordinal))?[option.Length..];

    /// <summary>Starts it and returns a task that completes with its end.</summary>
    private Task<int?> Spawn()
    {
        string[] confined =
        [
            $"--reuid={account.Uid}", $"--regid={account.Gid}", "--clear-groups", "--no-new-privs",
            "--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service", "--bounding-set=-all,+net_bind_service",
        ];
        using (var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            ProcessId = Tool.Spawn("setpriv", [.. confined, .. command], nothing, nothing, nothing);
        }

        return watch.WaitAsync(ProcessId);
    }

    private async Task SuperviseAsync(Task<int?> ended)
    {
        var pause = FirstPause;
        while (true)
        {
            var started = TimeProvider.System.GetTimestamp();
            try
            {
                var code = await ended.WaitAsync(_stop.Token);
                LogEnded(logger, code, address);
                pause = TimeProvider.System.GetElapsedTime(started) > LongestPause ? FirstPause : pause;
                await Task.Delay(pause, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            try
            {
                ended = Spawn();
            }
            catch (IOException exception)
            {
                LogNotStarted(logger, exception);
                ended = Task.FromResult<int?>(null);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sandboxes' resolver at {Address} ended ({Code}); it is started again.")]
    private static partial void LogEnded(ILogger logger, int? code, IPEndPoint address);

    [LoggerMessage(Level = LogLevel.Error, Message = "The sandboxes' resolver could not be started.")]
    private static partial void LogNotStarted(ILogger logger, Exception exception);
}
