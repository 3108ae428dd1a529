using Sandbox.Core.Quotas;

namespace Sandbox.Web.Hub;

/// <summary>
/// How fast output of one person's terminals is sent, all viewers together: a burst as fast as it goes, then about what
/// a browser can draw. Links have a pace of their own, so that strangers do not slow the owner down.
/// </summary>
internal sealed class OutputPaces(WebOptions options, TimeProvider time)
{
    private readonly FairPace _own = Create(options.Limits, time);
    private readonly FairPace _links = Create(options.Limits, time);

    /// <summary>Waits until more may be sent to a caller.</summary>
    public Task WaitAsync(TerminalCaller caller, int bytes, CancellationToken cancellationToken) =>
        (caller.Share is null ? _own : _links).WaitAsync(caller.Owner, bytes, cancellationToken);

    private static FairPace Create(WebLimits limits, TimeProvider time) => new(limits.OutputBurstBytes, limits.OutputBytesPerSecond, time);
}
