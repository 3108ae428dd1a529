using System.Text;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Xunit;

namespace Sandbox.Daemon.Tests.Networks;

public sealed class FirewallTests
{
    /// <summary>A daemon whose instance is a word of nftables did not start.</summary>
    [Fact]
    public async Task Tables_have_names_that_nftables_takes()
    {
        using var watch = new ProcessWatch();
        var script = string.Concat(new[] { "ne", "lt", "gt", "eq", "or", "and", "ct", "ip", "tcp", "udp", "fib", "map", "set", "sb" }
            .Select(word => Firewall.TableOf(new DaemonOptions { Instance = word })).Select(table => $"table inet {table} {{}}\ntable bridge {table} {{}}\n"));
        await new Tool(watch).RunOrThrowAsync("nft", ["-c", "-f", "-"], Encoding.ASCII.GetBytes(script), TestContext.Current.CancellationToken);
    }
}
