using Sandbox.Core.Quotas;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// How fast this daemon works for one person, over all calls that they make at once. It only makes them wait: one
/// thread of a person's that copies or one command after the other is hardly slower, a hundred at once are.
/// </summary>
internal sealed class HostPaces
{
    /// <summary>Bytes of files, in both directions: 256 MiB as fast as they go, then as many as a browser's line takes.</summary>
    public FairPace FileBytes { get; } = new(256 << 20, 32 << 20, TimeProvider.System);

    /// <summary>Commands over REST: each costs the host some 30 ms of a core, most of it the runtime's.</summary>
    public FairPace Commands { get; } = new(burst: 60, perSecond: 20, TimeProvider.System);
}
