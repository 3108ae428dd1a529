using Sandbox.Core.Quotas;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// How fast this daemon works for one person, over all calls that they make at once. It only makes them wait: one
/// thread of a person's that copies or one command after the other is hardly slower, a hundred at once are.
/// </summary>
internal sealed class HostPaces(DaemonOptions options)
{
    /// <summary>Bytes of files, in both directions.</summary>
    public FairPace FileBytes { get; } = new(options.FileBurstBytes, options.FileBytesPerSecond, TimeProvider.System);

    /// <summary>Commands over REST: each costs the host some 30 ms of a core, most of it the runtime's.</summary>
    public FairPace Commands { get; } = new(options.CommandBurst, options.CommandsPerSecond, TimeProvider.System);
}
