using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Sandbox.Core.Errors;
using Sandbox.Core.People;

namespace Sandbox.Web.Files;

/// <summary>
/// Bounds the directories one person lists at once: to make a list of fifty thousand entries is work for the daemon, and
/// all of it is held until it is read. More of them wait for their turn.
/// </summary>
internal sealed class Listings : IDisposable
{
    private const int MostEach = 2;
    private const int MostWaiting = 64;

    /// <summary>A slower reader is cut off; a phone at the edge of its network is faster.</summary>
    private static readonly MinDataRate Slowest = new(bytesPerSecond: 8 * 1024, gracePeriod: TimeSpan.FromSeconds(20));

    private readonly PartitionedRateLimiter<PersonId> _underWay = PartitionedRateLimiter.Create<PersonId, PersonId>(person =>
        RateLimitPartition.GetConcurrencyLimiter(person, _ => new ConcurrencyLimiterOptions { PermitLimit = MostEach, QueueLimit = MostWaiting }));

    /// <summary>A place until disposed. Code: Rate.</summary>
    public async Task<IDisposable> EnterAsync(PersonId person, HttpContext context)
    {
        var place = await _underWay.AcquireAsync(person, cancellationToken: context.RequestAborted);
        if (!place.IsAcquired)
        {
            place.Dispose();
            throw new SandboxException(ErrorCode.Rate, "You list too many directories at once. Try again when some of them are there.");
        }

        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = Slowest;
        }

        return place;
    }

    public void Dispose() => _underWay.Dispose();
}
