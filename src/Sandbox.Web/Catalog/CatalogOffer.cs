using System.Threading.Channels;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Web.Store;

namespace Sandbox.Web.Catalog;

/// <summary>
/// Lets sandboxes pull the images of the catalog from the registry of their host, by the names that visitors see:
/// <c>debian</c> on Docker Hub's own path and at the root, with the tag <c>latest</c> and the one it was fetched by.
/// </summary>
internal sealed partial class CatalogOffer(ImageCatalog catalog, ISandboxRuntime runtime, ILogger<CatalogOffer> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // Progress is a change too: one signal stands for all that came since the last offer.
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        catalog.Changed += () => _changed.Writer.TryWrite(true);
        _changed.Writer.TryWrite(true);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Dictionary<string, Digest>? offered = null;
        await foreach (var _ in _changed.Reader.ReadAllAsync(stoppingToken))
        {
            var names = await NamesAsync(stoppingToken);
            if (offered is not null && offered.Count == names.Count && names.All(entry => offered.TryGetValue(entry.Key, out var digest) && digest == entry.Value))
            {
                continue;
            }

            try
            {
                await runtime.Images.OfferAsync(ImageAudience.Everyone, names, stoppingToken);
                offered = names;
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
        var names = new Dictionary<string, Digest>(StringComparer.Ordinal);
        foreach (var image in await catalog.ListAsync(includeHidden: false, cancellationToken))
        {
            if (Digest.TryParse(image.Digest, out var digest))
            {
                foreach (var tag in Tags(catalog.Find(image.Name)))
                {
                    // The catalog allows names that no registry does, as a..b.
                    foreach (var name in new[] { $"library/{image.Name}:{tag}", $"{image.Name}:{tag}" }.Where(ImageNames.IsTagged))
                    {
                        names[name] = digest;
                    }
                }
            }
        }

        return names;
    }

    private static IEnumerable<string> Tags(CatalogRow? row)
    {
        yield return "latest";
        if (row?.SourceKind == CatalogSource.Registry && !row.Source.Contains('@', StringComparison.Ordinal))
        {
            var last = row.Source[(row.Source.LastIndexOf('/') + 1)..];
            if (last.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon)
            {
                yield return last[(colon + 1)..];
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The catalog's images are not in the registry yet: {Reason}")]
        public static partial void Waits(ILogger logger, string reason);
    }
}
