using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Web.Http;

namespace Sandbox.Web.Exports;

/// <summary>
/// How many archives of playgrounds and links are moved at once: one for each person, two for each address and a few on the
/// host, because each is as much as an image holds. A reader that is too slow is cut off.
/// </summary>
internal sealed class ExportPlaces : IDisposable
{
    private const int MostOnHost = 4;
    private const int MostOfAddress = 2;

    private static readonly MinDataRate Slowest = new(bytesPerSecond: 16 * 1024, gracePeriod: TimeSpan.FromSeconds(30));

    private readonly ConcurrencyLimiter _host = new(new ConcurrencyLimiterOptions { PermitLimit = MostOnHost, QueueLimit = 0 });
    private readonly PartitionedRateLimiter<PersonId> _person = PartitionedRateLimiter.Create<PersonId, PersonId>(person =>
        RateLimitPartition.GetConcurrencyLimiter(person, _ => new ConcurrencyLimiterOptions { PermitLimit = 1, QueueLimit = 0 }));
    private readonly PartitionedRateLimiter<string> _address = PartitionedRateLimiter.Create<string, string>(address =>
        RateLimitPartition.GetConcurrencyLimiter(address, _ => new ConcurrencyLimiterOptions { PermitLimit = MostOfAddress, QueueLimit = 0 }));

    /// <summary>A place until disposed. Codes: Rate, Capacity.</summary>
    public IDisposable Enter(PersonId person, HttpContext context)
    {
        var place = new Place();
        try
        {
            place.Take(_person.AttemptAcquire(person), ErrorCode.Rate, "You download or send an archive already. Try again when that is done.");
            place.Take(_address.AttemptAcquire(AddressRates.Address(context.Connection.RemoteIpAddress)), ErrorCode.Rate, "Archives are downloaded or sent from your address already. Try again when one of them is done.");
            place.Take(_host.AttemptAcquire(), ErrorCode.Capacity, "As many archives are being downloaded or sent as this host allows at once. Try again in a minute.");
        }
        catch
        {
            place.Dispose();
            throw;
        }

        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = Slowest;
        }

        return place;
    }

    public void Dispose()
    {
        _host.Dispose();
        _address.Dispose();
        _person.Dispose();
    }

    private sealed class Place : IDisposable
    {
        private readonly List<RateLimitLease> _leases = [];

        public void Take(RateLimitLease lease, ErrorCode code, string refusal)
        {
            _leases.Add(lease);
            if (!lease.IsAcquired)
            {
                throw new SandboxException(code, refusal);
            }
        }

        public void Dispose()
        {
            foreach (var lease in _leases)
            {
                lease.Dispose();
            }
        }
    }
}
