using System.Globalization;
using System.Net;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// The sandboxes' resolver: one dnsmasq, which forwards to the host's resolvers. It parses packets of strangers, so it
/// is never root: it starts as an account of its own with the one capability that port 53 needs, and can gain no other.
/// It outlives this daemon, and the next one takes it over.
/// </summary>
internal sealed partial class Resolver(DaemonOptions options, AddressPlan plan, Tool tool, ProcessWatch watch, ILogger logger) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private Task _supervision = Task.CompletedTask;
    private string[] _command = [];
    private int _uid = -1;
    private int _gid;

    /// <summary>The process, for as long as it runs; 0 before the first start.</summary>
    public int ProcessId { get; private set; }

    /// <summary>Takes over the dnsmasq of an earlier daemon, or starts one. From then on starts another whenever it ends.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var user = options.DnsUser;
        if (await IdAsync("-u", user, cancellationToken) is not { } uid)
        {
            LogNoUser(logger, user);
            user = "nobody";
            uid = await IdAsync("-u", user, cancellationToken) ?? throw new IOException($"there is no account {options.DnsUser}, nor nobody");
        }

        (_uid, _gid, _command) = (uid, await IdAsync("-g", user, cancellationToken) ?? uid, Command());
        foreach (var (pid, same) in Find())
        {
            if (same && ProcessId == 0)
            {
                ProcessId = pid;
            }
            else
            {
                await EndAsync(pid); // of other options, or a second one
            }
        }

        var ended = ProcessId == 0 ? Spawn() : watch.WaitAsync(ProcessId);
        _supervision = SuperviseAsync(ended);
    }

    /// <summary>Ends it for good.</summary>
    public async Task RemoveAsync()
    {
        await StopSupervisingAsync();
        _uid = _uid >= 0 ? _uid : await IdAsync("-u", options.DnsUser, default) ?? await IdAsync("-u", "nobody", default) ?? -1;
        foreach (var (pid, _) in Find())
        {
            await EndAsync(pid);
        }

        ProcessId = 0;
    }

    /// <summary>Leaves it running.</summary>
    public async Task StopSupervisingAsync()
    {
        await _stop.CancelAsync();
        await _supervision;
    }

    public void Dispose() => _stop.Dispose();

    private string[] Command() =>
    [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--log-facility=/dev/null",
        $"--listen-address={plan.Resolver}", "--bind-interfaces", "--resolv-file=/etc/resolv.conf", "--no-hosts", "--no-ident",
        "--cache-size=1000", "--dns-forward-max=2000", "--max-tcp-connections=200", "--domain-needed", "--bogus-priv",
        "--filter-AAAA", // an address that no sandbox can reach only makes programs wait
        // Names of the operator's own net are not for strangers. stop-dns-rebind would do it, but it counts the documentation nets as private.
        .. Firewall.SpecialPurpose.Concat(options.RefusedPrefixes)
            .SelectMany(prefix => Prefixes.Without(IPNetwork.Parse(prefix), [.. options.AllowedDestinations.Select(allowed => IPNetwork.Parse(allowed))]))
            .Select(prefix => $"--bogus-nxdomain={prefix}"),
    ];

    /// <summary>Starts it and returns a task that completes with its end.</summary>
    private Task<int?> Spawn()
    {
        string[] confined =
        [
            $"--reuid={_uid}", $"--regid={_gid}", "--clear-groups", "--no-new-privs",
            "--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service", "--bounding-set=-all,+net_bind_service",
        ];
        using (var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            ProcessId = Tool.Spawn("setpriv", [.. confined, .. _command], nothing, nothing, nothing);
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
                LogEnded(logger, code, plan.Resolver);
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

    /// <summary>
    /// Processes of the resolver's account that listen on the resolver's address. A sandbox cannot pass for one: its
    /// uids are others.
    /// </summary>
    private List<(int Pid, bool Same)> Find()
    {
        var found = new List<(int, bool)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                continue;
            }

            try
            {
                var arguments = File.ReadAllText($"{directory}/cmdline").TrimEnd('\0').Split('\0');
                if (arguments[0] == "dnsmasq" && arguments.Contains($"--listen-address={plan.Resolver}", StringComparer.Ordinal)
                    && File.ReadLines($"{directory}/status").Contains($"Uid:\t{_uid}\t{_uid}\t{_uid}\t{_uid}", StringComparer.Ordinal))
                {
                    found.Add((pid, arguments.AsSpan().SequenceEqual(_command)));
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                continue; // ended while we looked
            }
        }

        return found;
    }

    private async Task EndAsync(int pid)
    {
        var ended = watch.WaitAsync(pid);
        _ = Tool.Kill(pid, 9); // it has nothing to save
        await ended;
    }

    private async Task<int?> IdAsync(string which, string user, CancellationToken cancellationToken)
    {
        var asked = await tool.RunAsync("id", [which, "--", user], default, cancellationToken);
        return asked.Ok ? int.Parse(asked.Text, CultureInfo.InvariantCulture) : null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "There is no account {User}: the sandboxes' resolver runs as nobody. Make the account, so that it shares its uid with no other program.")]
    private static partial void LogNoUser(ILogger logger, string user);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sandboxes' resolver at {Address} ended ({Code}); it is started again.")]
    private static partial void LogEnded(ILogger logger, int? code, IPAddress address);

    [LoggerMessage(Level = LogLevel.Error, Message = "The sandboxes' resolver could not be started.")]
    private static partial void LogNotStarted(ILogger logger, Exception exception);
}
