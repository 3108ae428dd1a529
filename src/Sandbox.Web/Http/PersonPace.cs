using System.Threading.RateLimiting;
using Sandbox.Core.Errors;
using Sandbox.Core.People;

namespace Sandbox.Web.Http;

/// <summary>Rate per person of an action that costs the host more than a request.</summary>
/// <param name="burst">So often at once.</param>
/// <param name="perMinute">So often in the long run.</param>
/// <param name="refusal">Detail of the refusal.</param>
internal abstract class PersonPace(int burst, int perMinute, string refusal) : IDisposable
{
    private readonly PartitionedRateLimiter<PersonId> _done = PartitionedRateLimiter.Create<PersonId, PersonId>(person =>
        RateLimitPartition.GetTokenBucketLimiter(person, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = burst,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1.0 / perMinute),
            QueueLimit = 0,
        }));

    /// <summary>Counts one. Code: Rate.</summary>
    public void Check(PersonId person)
    {
        using var place = _done.AttemptAcquire(person);
        if (!place.IsAcquired)
        {
            throw new SandboxException(ErrorCode.Rate, refusal) { RetryAfter = TimeSpan.FromMinutes(1.0 / perMinute) };
        }
    }

    public void Dispose()
    {
        _done.Dispose();
        GC.SuppressFinalize(this);
    }
}
