using Sandbox.Daemon.Linux;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>Signals to processes of records.</summary>
public sealed class SignalTests
{
    /// <summary>A record whose process is not known yet has 0: the daemon would signal itself and its group.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    public void None_goes_to_our_own_group_to_the_hosts_init_or_to_everybody(int pid) => Assert.Equal(-1, Tool.Kill(pid, 0));
}
