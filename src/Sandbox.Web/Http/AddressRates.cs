using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;

namespace Sandbox.Web.Http;

/// <summary>How often one client address may do what costs us: token buckets, refilled evenly.</summary>
internal sealed class AddressRates : IDisposable
{
    /// <summary>Wrong passwords at one instant, and a minute after that.</summary>
    private const int MostGuesses = 10;

    /// <summary>Files that are read for somebody who has not started anything: at one instant, and a minute after that.</summary>
    private const int MostReadings = 120;

    private readonly PartitionedRateLimiter<string> _atOnce;
    private readonly PartitionedRateLimiter<string> _requests;
    private readonly PartitionedRateLimiter<string> _guests;
    private readonly PartitionedRateLimiter<string> _launches;
    private readonly PartitionedRateLimiter<string> _guesses;
    private readonly PartitionedRateLimiter<string> _readings;

    public AddressRates(WebOptions options)
    {
        var limits = options.Limits;
        _atOnce = PartitionedRateLimiter.Create<string, string>(address => RateLimitPartition.GetConcurrencyLimiter(address, _ => new ConcurrencyLimiterOptions
        {
            PermitLimit = limits.RequestsAtOnce,
            QueueLimit = 0,
        }));
        _requests = Buckets(limits.RequestBurst, limits.RequestsPerSecond * 60);
        _guests = Buckets(limits.GuestBurst, limits.GuestsPerMinute);
        _launches = Buckets(limits.LaunchBurst, limits.LaunchesPerMinute);
        _guesses = Buckets(MostGuesses, MostGuesses);
        _readings = Buckets(MostReadings, MostReadings);
    }

    /// <summary>Whether a new guest may come from there; when not, the refusal is written.</summary>
    public Task<bool> AllowsGuestAsync(HttpContext context) => AllowsAsync(_guests, context, "Too many new guests from your address.");

    /// <inheritdoc cref="AllowsGuestAsync"/>
    public Task<bool> AllowsLaunchAsync(HttpContext context) => AllowsAsync(_launches, context, "Too many launches from your address.");

    /// <inheritdoc cref="AllowsGuestAsync"/>
    public Task<bool> AllowsReadingAsync(HttpContext context) => AllowsAsync(_readings, context, "Too many compose files were checked from your address.");

    /// <summary>Whether a password from there is looked at: not after too many wrong ones. When not, the refusal is written.</summary>
    public async Task<bool> AllowsPasswordAsync(HttpContext context)
    {
        if (_guesses.GetStatistics(Address(context.Connection.RemoteIpAddress)) is not { CurrentAvailablePermits: 0 })
        {
            return true;
        }

        using var lease = _guesses.AttemptAcquire(Address(context.Connection.RemoteIpAddress));
        await RefuseAsync(context, lease, "Too many wrong passwords from your address.");
        return false;
    }

    /// <summary>A password from there was wrong.</summary>
    /// <param name="context">The request.</param>
    /// <param name="of">What it should have opened, for an operator.</param>
    public void CountWrongPassword(HttpContext context, string of)
    {
        context.Features.Set(new WrongPassword(of));
        using var lease = _guesses.AttemptAcquire(Address(context.Connection.RemoteIpAddress));
    }

    /// <summary>A socket is a request that lasts: terminals, circuits, uploads and long commands of one address are bounded together.</summary>
    public async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        using var place = _atOnce.AttemptAcquire(Address(context.Connection.RemoteIpAddress));
        if (!place.IsAcquired)
        {
            await RefuseAsync(context, place, "Too many requests at once from your address.");
        }
        else if (await AllowsAsync(_requests, context, "Too many requests from your address."))
        {
            await next(context);
        }
    }

    public void Dispose()
    {
        _atOnce.Dispose();
        _requests.Dispose();
        _guests.Dispose();
        _launches.Dispose();
        _guesses.Dispose();
        _readings.Dispose();
    }

    private static async Task<bool> AllowsAsync(PartitionedRateLimiter<string> limiter, HttpContext context, string refusal)
    {
        using var lease = limiter.AttemptAcquire(Address(context.Connection.RemoteIpAddress));
        if (lease.IsAcquired)
        {
            return true;
        }

        await RefuseAsync(context, lease, refusal);
        return false;
    }

    private static Task RefuseAsync(HttpContext context, RateLimitLease lease, string refusal)
    {
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
        var seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return context.WriteProblemAsync(429, "rate", $"{refusal} Try again in {seconds} s.");
    }

    /// <summary>One IPv6 customer holds a /64: by single address they would have 2^64 tries.</summary>
    internal static string Address(IPAddress? address)
    {
        if (address is null)
        {
            return "";
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
            : address.ToString();
    }

    private static PartitionedRateLimiter<string> Buckets(int burst, int perMinute) =>
        PartitionedRateLimiter.Create<string, string>(address => RateLimitPartition.GetTokenBucketLimiter(address, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = burst,
            TokensPerPeriod = Math.Max(1, perMinute / 60),
            ReplenishmentPeriod = TimeSpan.FromMinutes((double)Math.Max(1, perMinute / 60) / perMinute),
            QueueLimit = 0,
        }));
}

/// <summary>That a request had a wrong password, as a feature of it.</summary>
/// <param name="Of">What it should have opened.</param>
internal sealed record WrongPassword(string Of);
