using System.Threading.RateLimiting;
using Sandbox.Core.Errors;
using Sandbox.Core.People;

namespace Sandbox.Web.Terminals;

/// <summary>How often one person may open a terminal: each is processes started by the host, at its cost, and a socket's calls are no requests that anybody counts.</summary>
internal sealed class TerminalOpens(WebOptions options) : IDisposable
{
    private readonly PartitionedRateLimiter<PersonId> _opens = PartitionedRateLimiter.Create<PersonId, PersonId>(person =>
        RateLimitPartition.GetTokenBucketLimiter(person, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = options.Limits.OpenBurst,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1.0 / options.Limits.OpensPerMinute),
            QueueLimit = 0,
        }));

    /// <summary>Counts one. Code: Rate.</summary>
    public void Check(PersonId person)
    {
        using var place = _opens.AttemptAcquire(person);
        if (!place.IsAcquired)
        {
            throw new SandboxException(ErrorCode.Rate, "You open terminals too fast. Try again in a few seconds.");
        }
    }

    public void Dispose() => _opens.Dispose();
}
