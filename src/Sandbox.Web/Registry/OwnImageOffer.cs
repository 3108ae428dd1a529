using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Web.Builds;
using Sandbox.Web.Store;

namespace Sandbox.Web.Registry;

/// <summary>Lets the registry of people's own images have what they keep: each under its owner's id, by name and tag.</summary>
internal sealed partial class OwnImageOffer(OwnImages images, SqliteStore store, ISandboxRuntime runtime, ILogger<OwnImageOffer> logger) : BackgroundService
{
    // Guests that are long gone take their images with them, which nobody says.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim _turn = new(1, 1);
    private Dictionary<string, Digest>? _offered;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        images.Changed += () => _changed.Writer.TryWrite(true);
        _changed.Writer.TryWrite(true);
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        _turn.Dispose();
    }

    /// <summary>Offers what is kept now. Codes: RuntimeUnavailable, DiskFull.</summary>
    public async Task OfferAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var names = await NamesAsync(cancellationToken);
            if (_offered is { } offered && offered.Count == names.Count && names.All(entry => offered.TryGetValue(entry.Key, out var digest) && digest == entry.Value))
            {
                return;
            }

            _offered = null;
            await runtime.Images.OfferAsync(ImageAudience.Owners, names, cancellationToken);
            _offered = names;
        }
        finally
        {
            _turn.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _changed.Reader.WaitToReadAsync(stoppingToken).AsTask().WaitAsync(Longest, stoppingToken);
                _changed.Reader.TryRead(out _);
            }
            catch (TimeoutException)
            {
                // Looks whether something is gone.
            }

            try
            {
                await OfferAsync(stoppingToken);
            }
            catch (SandboxException fault)
            {
                // The daemon restarts, or its disk is full.
                Log.Waits(logger, fault.Message);
                await Task.Delay(Pause, stoppingToken);
                _changed.Writer.TryWrite(true);
            }
        }
    }

    private async Task<Dictionary<string, Digest>> NamesAsync(CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(db => db.OwnImages.AsNoTracking().Select(row => new { row.OwnerId, row.Name, row.Digest }).ToListAsync(cancellationToken));
        return rows.Select(row => (Name: $"{row.OwnerId}/{row.Name}{(row.Name.Contains(':', StringComparison.Ordinal) ? "" : ":latest")}", row.Digest))
            .Where(entry => ImageNames.IsTagged(entry.Name))
            .ToDictionary(entry => entry.Name, entry => Digest.Parse(entry.Digest), StringComparer.Ordinal);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "People's images are not in the registry yet: {Reason}")]
        public static partial void Waits(ILogger logger, string reason);
    }
}
