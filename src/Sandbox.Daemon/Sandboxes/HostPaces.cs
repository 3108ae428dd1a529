using Sandbox.Core.People;
using Sandbox.Core.Quotas;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;

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

    /// <summary>
    /// Milliseconds of a processor that threads of this daemon spend on a person: saving and searching their files, listing
    /// their directories. It is known afterwards only, so the next such call waits for what the last ones cost.
    /// </summary>
    public FairPace Work { get; } = new(options.WorkBurstSeconds * 1000L, options.WorkPercent * 10L, TimeProvider.System);

    /// <summary>Waits until a person's work so far is within their pace.</summary>
    public Task WaitForWorkAsync(PersonId person, CancellationToken cancellationToken) => Work.WaitAsync(person, 0, cancellationToken);

    /// <summary>Does work of a person on a thread of its own, and counts the processor time that it took.</summary>
    public Task<T> WorkAsync<T>(PersonId person, Func<T> work) => LongWork.RunAsync(() =>
    {
        var began = ThreadTime.Now();
        try
        {
            return work();
        }
        finally
        {
            _ = Work.Take(person, (long)(ThreadTime.Now() - began).TotalMilliseconds);
        }
    });
}
