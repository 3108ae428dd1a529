using Sandbox.Daemon.Execs;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Ports;
using Xunit;

namespace Sandbox.Daemon.Tests.Ports;

/// <summary>Output of programs that root in a sandbox may have a hand in.</summary>
public sealed class SandboxOutputTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_in_memory_is_read_up_to_a_bound_however_long_it_was_made()
    {
        using var watch = new ProcessWatch();
        var result = await new Tool(watch).RunAsync("sh", ["-c", "echo first; truncate -s 1T /proc/self/fd/1; truncate -s 1T /proc/self/fd/2"], cancellationToken: Now);

        Assert.True(result.Ok);
        Assert.Equal(Tool.MostOutput, result.Stdout.Length);
        Assert.Equal("first", result.Text[..5]);
        Assert.True(result.Stderr.Length < Tool.MostOutput);
    }

    [Fact]
    public async Task A_table_of_sockets_without_an_end_gives_the_ports_of_its_beginning()
    {
        using var watch = new ProcessWatch();
        const string Table = "echo '0: 00000000:1F90 0:0 0A 0'; echo '0: 00000000:1F91 0:0 01 0'; echo '0: 0:FFFFFFFF 0:0 0A 0'";
        var ports = await PortsAsync(["sh", "-c", $"{Table}; exec yes '0: 00000000:1F92 0:0 0A 0'"], TimeSpan.FromSeconds(5));
        var known = await PortsAsync(["sh", "-c", $"{Table}; truncate -s 1G /proc/self/fd/1 2> /dev/null; sleep 3 &"]);

        Assert.Equal([8080, 8082], ports);
        Assert.Equal([8080], known);

        async Task<IReadOnlyList<int>> PortsAsync(string[] command, TimeSpan? patience = null) =>
            ListeningPorts.In(System.Text.Encoding.ASCII.GetString(await PrintedInside.ReadAsync(command, watch, null, Now, patience)));
    }
}
