using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Sandbox.Core.Errors;
using Sandbox.Core.People;

namespace Sandbox.Web.Exports;

/// <summary>
/// How many downloads of playgrounds are under way: one for each person and a few on the host, because each reads as much
/// as an image holds. A reader that is too slow is cut off.
/// </summary>
internal sealed class ExportPlaces : IDisposable
{
    private const int MostOnHost = 4;

    private static readonly MinDataRate Slowest = new(bytesPerSecond: 16 * 1024, gracePeriod: TimeSpan.FromSeconds(30));

    private readonly ConcurrencyLimiter _host = new(new ConcurrencyLimiterOptions { PermitLimit = MostOnHost, QueueLimit = 0 });
    private readonly PartitionedRateLimiter<PersonId> _person = PartitionedRateLimiter.Create<PersonId, PersonId>(person =>
        RateLimitPartition.GetConcurrencyLimiter(person, _ => new ConcurrencyLimiterOptions { PermitLimit = 1, QueueLimit = 0 }));

    /// <summary>A place until disposed. Codes: Rate, Capacity.</summary>
    public IDisposable Enter(PersonId person, HttpContext context)
    {
        var own = _person.AttemptAcquire(person);
        if (!own.IsAcquired)
        {
            own.Dispose();
            throw new SandboxException(ErrorCode.Rate, "You download a playground already. Try again when that is done.");
        }

        var one = _host.AttemptAcquire();
        if (!one.IsAcquired)
        {
            one.Dispose();
            own.Dispose();
            throw new SandboxException(ErrorCode.Capacity, "As many playgrounds are being downloaded as this host allows at once. Try again in a minute.");
        }

        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = Slowest;
        }

        return new Place(own, one);
    }

    public void Dispose()
    {
        _host.Dispose();
        _person.Dispose();
    }

    private sealed class Place(RateLimitLease own, RateLimitLease one) : IDisposable
    {
        public void Dispose()
        {
            one.Dispose();
            own.Dispose();
        }
    }
}
