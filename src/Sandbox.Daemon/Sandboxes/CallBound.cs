using Sandbox.Core.Errors;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>How many calls may be under way at once; more are refused, not queued.</summary>
internal sealed class CallBound(int most, string what)
{
    private int _underWay;

    /// <summary>Takes a place until disposed. Code: Quota.</summary>
    public Call Enter()
    {
        if (Interlocked.Increment(ref _underWay) > most)
        {
            Interlocked.Decrement(ref _underWay);
            throw new SandboxException(ErrorCode.Quota, $"A sandbox takes {most} {what} at once. Wait until some have ended, then try again.") { RetryAfter = TimeSpan.FromSeconds(1) };
        }

        return new Call(this);
    }

    private void Leave() => Interlocked.Decrement(ref _underWay);

    /// <summary>One call under way.</summary>
    internal sealed class Call(CallBound bound) : IDisposable
    {
        private CallBound? _bound = bound;

        public void Dispose() => Interlocked.Exchange(ref _bound, null)?.Leave();
    }
}
