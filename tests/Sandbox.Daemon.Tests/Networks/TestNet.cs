using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Sandbox.Core.Networks;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Xunit;

namespace Sandbox.Daemon.Tests.Networks;

/// <summary>
/// The playground networks of an instance of its own on this very host, beside a simulated outside: a neighbour on a
/// net that the host has on-link, which is also the router to a public prefix. All of it is gone after the test.
/// </summary>
internal sealed class TestNet : IAsyncDisposable
{
    /// <summary>The neighbour's address on the operator's own net: a documentation prefix, so that no fixed list refuses it.</summary>
    public const string Neighbour = "198.51.100.2";

    /// <summary>The neighbour's address on a private net.</summary>
    public const string PrivateNeighbour = "10.213.7.2";

    /// <summary>A public address behind the neighbour.</summary>
    public const string Internet = "8.8.8.8";

    /// <summary>The host's own addresses on those nets.</summary>
    public const string HostOnNeighbours = "198.51.100.1";

    // Half of a /16, so that its resolver is not where that of the default pool is.
    public static readonly DaemonOptions Options = new() { Instance = "tn", RunDirectory = "/tmp/sandbox-networks", AddressPool = "100.127.0.0/17", DnsUser = "nobody" };

    private readonly ProcessWatch _watch = new();
    private readonly List<Holder> _holders = [];

    private TestNet()
    {
        Tool = new Tool(_watch);
        Networks = Build();
    }

    public Tool Tool { get; }

    public PlaygroundNetworks Networks { get; private set; }

    /// <summary>As when the daemon ends; the next one is not started yet.</summary>
    public async Task StopAsync()
    {
        await Networks.DisposeAsync();
        Networks = Build();
    }

    public static async Task<TestNet> StartAsync()
    {
        var net = new TestNet();
        // Of a run that was killed.
        await net.Networks.CleanUpAsync();
        await net.ShellAsync("ip link del tnout 2>/dev/null || true");
        net.Networks = net.Build();
        await net.Networks.StartAsync([], CancellationToken.None);
        return net;
    }

    private PlaygroundNetworks Build(DaemonOptions? options = null) => new(options ?? Options, Tool, _watch, NullLogger<PlaygroundNetworks>.Instance);

    /// <summary>As when the daemon ends and the next one starts.</summary>
    public async Task RestartAsync(DaemonOptions? options, params (PlaygroundId Playground, SandboxId Sandbox, NetworkPlace Place)[] live)
    {
        await Networks.DisposeAsync();
        Networks = Build(options);
        await Networks.StartAsync(live, CancellationToken.None);
    }

    /// <summary>The same with the names of the nodes that are alive.</summary>
    public async Task RestartAsync(DaemonOptions? options, (PlaygroundId Playground, SandboxId Sandbox, NetworkPlace Place)[] live, string[] names)
    {
        await Networks.DisposeAsync();
        Networks = Build(options);
        foreach (var (each, name) in live.Zip(names))
        {
            Networks.Adopt(each.Playground, each.Place, name);
        }

        await Networks.StartAsync(live, CancellationToken.None);
    }

    /// <summary>As when the daemon has ended and the next one starts, with the policies of the sandboxes that are alive.</summary>
    public async Task StartAgainAsync(DaemonOptions? options, TestSandbox[] live, NetworkPolicy[] policies)
    {
        await Networks.DisposeAsync();
        Networks = Build(options);
        foreach (var (each, policy) in live.Zip(policies))
        {
            Networks.Adopt(each.Playground, each.Place, "", policy);
        }

        await Networks.StartAsync([.. live.Select(each => (each.Playground, each.Id, each.Place))], CancellationToken.None);
    }

    /// <summary>A network namespace in a user namespace of its own, as a sandbox has.</summary>
    public async Task<Holder> HolderAsync()
    {
        var process = Process.Start(new ProcessStartInfo("unshare", ["--user", "--map-root-user", "--net", "sleep", "3600"]))!;
        var holder = new Holder(process, Tool);
        lock (_holders)
        {
            _holders.Add(holder);
        }

        var ours = new FileInfo("/proc/self/ns/net").LinkTarget;
        for (var attempt = 0; attempt < 30_000; attempt++)
        {
            if (new FileInfo(holder.NetworkPath).LinkTarget is { } theirs && theirs != ours && File.ReadAllText($"/proc/{process.Id}/uid_map").Length > 0)
            {
                return holder;
            }

            await Task.Delay(2);
        }

        throw new InvalidOperationException("no namespace");
    }

    public async Task<TestSandbox> SandboxAsync(PlaygroundId playground, string name = "", NetworkPolicy? policy = null)
    {
        var sandbox = new TestSandbox(playground, SandboxId.New(), Networks.Reserve(playground, name, policy), await HolderAsync());
        await Networks.AttachAsync(playground, sandbox.Id, sandbox.Place, sandbox.Holder.NetworkPath, CancellationToken.None);
        return sandbox;
    }

    /// <summary>Connects the neighbour, and through it the internet.</summary>
    public async Task<Holder> OutsideAsync()
    {
        var outside = await HolderAsync();
        await ShellAsync($"""
            ip link add tnout type veth peer name eth0 netns {outside.Pid}
            ip addr add {HostOnNeighbours}/24 dev tnout
            ip addr add 10.213.7.1/24 dev tnout
            ip link set tnout up
            """);
        await outside.ShellAsync($"""
            ip link set lo up
            ip addr add {Neighbour}/24 dev eth0
            ip addr add {PrivateNeighbour}/24 dev eth0
            ip addr add {Internet}/32 dev lo
            ip link set eth0 up
            """);
        await ShellAsync($"ip route add {Internet}/32 via {Neighbour}");
        outside.Serve();
        return outside;
    }

    /// <summary>Answers HTTP at one address of the host, until it is disposed.</summary>
    public static Server ServeOnHost(string address, int port) => new("busybox", "httpd", "-f", "-p", string.Create(CultureInfo.InvariantCulture, $"{address}:{port}"), "-h", "/usr/share/common-licenses");

    public async Task<string> ShellAsync(string script) => (await Tool.RunOrThrowAsync("sh", ["-ec", script])).Text;

    /// <summary>What of this instance is on the host: links, rules, the resolver.</summary>
    public async Task<string> TracesAsync() =>
        await ShellAsync("ls /sys/class/net | grep ^tn- || true; nft list tables | grep -w tn || true; pgrep -xa dnsmasq | grep -F listen-address=100.127. || true");

    public async Task<string[]> LinksAsync() =>
        (await ShellAsync("ls /sys/class/net | grep ^tn- | LC_ALL=C sort || true")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Waits until a condition holds; the limit is only against hanging.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            if (await condition())
            {
                return;
            }

            await Task.Delay(100);
        }

        Assert.Fail($"never: {what}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var holder in _holders)
        {
            holder.Dispose();
        }

        await Networks.CleanUpAsync();
        await Networks.DisposeAsync();
        await ShellAsync("ip link del tnout 2>/dev/null || true");
        _watch.Dispose();
    }
}

/// <summary>A process, and what it started, that ends with this.</summary>
internal sealed class Server(string program, params string[] arguments) : IDisposable
{
    private readonly Process _process = Process.Start(new ProcessStartInfo(program, arguments))!;

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }
}

internal sealed record TestSandbox(PlaygroundId Playground, SandboxId Id, NetworkPlace Place, Holder Holder);

/// <summary>A process whose network namespace is the thing.</summary>
internal sealed class Holder(Process process, Tool tool) : IDisposable
{
    private readonly List<Process> _servers = [];

    public int Pid => process.Id;

    public string NetworkPath => string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/ns/net");

    /// <summary>Runs a script inside as its root.</summary>
    public Task<ToolResult> RunAsync(string script) =>
        tool.RunAsync("nsenter", [$"--user=/proc/{Pid}/ns/user", $"--net={NetworkPath}", "--setuid=0", "--setgid=0", "--", "sh", "-ec", script]);

    public async Task<string> ShellAsync(string script)
    {
        var result = await RunAsync(script);
        return result.Ok ? result.Text : throw new InvalidOperationException($"{script}: {result.Complaint}");
    }

    /// <summary>Runs a script inside until the result is disposed.</summary>
    public Server Start(string script) => new("nsenter", $"--user=/proc/{Pid}/ns/user", $"--net={NetworkPath}", "--setuid=0", "--setgid=0", "--", "sh", "-c", script);

    /// <summary>Answers HTTP on every address, until the end.</summary>
    public void Serve(int port = 80) =>
        _servers.Add(Process.Start(new ProcessStartInfo("nsenter", [$"--user=/proc/{Pid}/ns/user", $"--net={NetworkPath}", "--setuid=0", "--setgid=0", "--", "busybox", "httpd", "-f", "-p", port.ToString(CultureInfo.InvariantCulture), "-h", "/usr/share/common-licenses"]))!);

    /// <summary>Whether HTTP gets any answer from there; curl says 7 or 28 when it does not.</summary>
    public async Task<bool> ReachesAsync(string address, int port = 80)
    {
        var result = await RunAsync(string.Create(CultureInfo.InvariantCulture, $"curl -s -o /dev/null --connect-timeout 4 http://{address}:{port}/"));
        return result.ExitCode is 7 or 28 ? false : result.Ok ? true : throw new InvalidOperationException($"curl: {result.ExitCode}");
    }

    public void Dispose()
    {
        foreach (var each in _servers.Append(process))
        {
            each.Kill();
            each.WaitForExit();
            each.Dispose();
        }
    }
}
