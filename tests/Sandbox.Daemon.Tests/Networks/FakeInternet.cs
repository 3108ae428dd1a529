using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Sandbox.Daemon.Tests.Networks;

/// <summary>
/// Web servers at public addresses, and a name server that says what a test wants and notes what it is asked. All of it is
/// in the namespace behind <see cref="TestNet.OutsideAsync"/>.
/// </summary>
internal sealed class FakeInternet : IDisposable
{
    /// <summary>Another public address.</summary>
    public const string Elsewhere = "9.9.9.9";

    private readonly string _directory = Directory.CreateTempSubdirectory("internet").FullName;
    private readonly Process _names;

    private FakeInternet(Holder outside)
    {
        Outside = outside;
        File.WriteAllText(Hosts, "");
        _names = Process.Start(new ProcessStartInfo("nsenter", [
            $"--user=/proc/{outside.Pid}/ns/user", $"--net={outside.NetworkPath}", "--setuid=0", "--setgid=0", "--",
            "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts", $"--listen-address={TestNet.Internet}", "--bind-interfaces",
            $"--addn-hosts={Hosts}", "--address=/tunnel.example/8.8.8.8", "--local-ttl=1", "--log-queries", $"--log-facility={Log}",
        ]))!;
    }

    public Holder Outside { get; }

    private string Hosts => Path.Combine(_directory, "hosts");

    private string Log => Path.Combine(_directory, "log");

    /// <summary>Connects it to a net whose resolver asks it, and restarts that net's daemon with these settings.</summary>
    public static async Task<FakeInternet> StartAsync(TestNet net, DaemonOptions? options = null)
    {
        var outside = await net.OutsideAsync();
        await outside.ShellAsync($"ip addr add {Elsewhere}/32 dev lo");
        await net.ShellAsync($"ip route add {Elsewhere}/32 via {TestNet.Neighbour}");
        var internet = new FakeInternet(outside);
        await net.RestartAsync((options ?? TestNet.Options) with { Nameservers = [TestNet.Internet], DomainRefresh = TimeSpan.FromSeconds(1), DomainGrace = TimeSpan.Zero });
        await TestNet.UntilAsync(async () => (await net.ShellAsync($"timeout 2 busybox nslookup -type=a up.tunnel.example {net.Networks.ResolverAddress} || true")).Contains(TestNet.Internet, StringComparison.Ordinal), "the name server answers");
        return internet;
    }

    /// <summary>Sets all names with their addresses, and waits until the name server has read them.</summary>
    public void Say(params (string Name, string Address)[] names)
    {
        // dnsmasq[4242]: read /tmp/internetXXXXXX/hosts - 2 names
        var before = Count($": read {Hosts} ");
        File.WriteAllLines(Hosts, names.Select(name => $"{name.Address} {name.Name}"));
        using var reload = Process.Start("kill", ["-HUP", _names.Id.ToString(CultureInfo.InvariantCulture)]);
        reload.WaitForExit();
        Assert.True(SpinWait.SpinUntil(() => Count($": read {Hosts} ") > before, TimeSpan.FromSeconds(60)), "the name server does not read its names");
    }

    /// <summary>The questions that the name server got so far and that hold a text.</summary>
    public int Questions(string text) => Count(": query[", text);

    public void Dispose()
    {
        _names.Kill();
        _names.WaitForExit();
        _names.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private int Count(params string[] words) => File.Exists(Log)
        ? ReadShared().Split('\n').Count(line => Array.TrueForAll(words, word => line.Contains(word, StringComparison.Ordinal)))
        : 0;

    private string ReadShared()
    {
        using var file = new StreamReader(new FileStream(Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return file.ReadToEnd();
    }
}
