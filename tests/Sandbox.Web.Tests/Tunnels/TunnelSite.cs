using Xunit;

namespace Sandbox.Web.Tests.Tunnels;

/// <summary>One web process for all tests of tunnels: starting it takes longer than each of them.</summary>
public sealed class TunnelSite : IAsyncLifetime
{
    public const int MostTunnels = 60;

    internal WebUnderTest Web { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { TunnelsAtOnce = MostTunnels } });

    public ValueTask DisposeAsync() => Web.DisposeAsync();
}
