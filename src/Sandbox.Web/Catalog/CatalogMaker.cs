using System.Collections.Concurrent;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Web.Store;

namespace Sandbox.Web.Catalog;

/// <summary>
/// Makes what the catalog lacks: one recipe at a time, since each takes a core and the disk for itself, and beside it
/// one image that is only fetched or was uploaded, so that an operator's upload does not wait behind the first start.
/// </summary>
internal sealed partial class CatalogMaker(ImageCatalog catalog, ISandboxRuntime runtime, ArchiveUploads uploads, ILogger<CatalogMaker> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _recipeAsked = new(0);
    private readonly SemaphoreSlim _importAsked = new(0);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _making = new(StringComparer.Ordinal);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        catalog.Asked += () =>
        {
            _recipeAsked.Release();
            _importAsked.Release();
        };
        catalog.Dropped += Drop;
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _recipeAsked.Dispose();
        _importAsked.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        MakeAllAsync(row => row.SourceKind == CatalogSource.Recipe, _recipeAsked, stoppingToken),
        MakeAllAsync(row => row.SourceKind != CatalogSource.Recipe, _importAsked, stoppingToken));

    private async Task MakeAllAsync(Func<CatalogRow, bool> which, SemaphoreSlim asked, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (catalog.NextToMake(which) is not { } row)
            {
                await asked.WaitAsync(stoppingToken);
                continue;
            }

            using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            _making[row.Name] = stop;
            try
            {
                await MakeAsync(row, stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Removed by an operator, or we stop: it is begun again at the next start.
            }
            finally
            {
                _making.TryRemove(new(row.Name, stop));
            }
        }
    }

    private async Task MakeAsync(CatalogRow row, CancellationToken cancellationToken)
    {
        try
        {
            ImageSource source = row.SourceKind switch
            {
                CatalogSource.Recipe => new ImageSource.Recipe(row.Source),
                CatalogSource.Registry => new ImageSource.Registry(row.Source),
                _ when !uploads.Has(row.Source) => throw new SandboxException(ErrorCode.Invalid, "The upload no longer exists. Remove the entry and upload it again."),
                CatalogSource.OciArchive => new ImageSource.Archive(ArchiveKind.Oci, uploads.ReadAsync(row.Source)),
                _ => new ImageSource.Archive(ArchiveKind.Docker, uploads.ReadAsync(row.Source)),
            };

            StoredImage? made = null;
            IReadOnlyList<string> notes = [];
            await foreach (var progress in runtime.Images.AddAsync(source, cancellationToken))
            {
                catalog.Report(row.Name, progress);
                (made, notes) = progress.Image is null ? (made, notes) : (progress.Image, progress.Notes);
            }

            var image = made ?? throw new SandboxException(ErrorCode.Internal, "The runtime reported no image.");
            await catalog.MadeAsync(row.Name, image, notes);
            Log.Made(logger, row.Name, image.Digest.Value, image.Size);
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.RuntimeUnavailable)
        {
            // Not the image's fault: wait for the daemon.
            await Task.Delay(Pause, cancellationToken);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            Log.Failed(logger, fault, row.Name);
            await catalog.FailedAsync(row.Name, fault is SandboxException known ? known.Message : "Something went wrong on our side.");
        }
    }

    private void Drop(string name)
    {
        if (_making.TryGetValue(name, out var stop))
        {
            try
            {
                stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It was finished at this very moment; what it settled is dropped with the row.
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Image {Name} is ready: {Digest}, {Size} bytes")]
        public static partial void Made(ILogger logger, string name, string digest, long size);

        [LoggerMessage(Level = LogLevel.Error, Message = "Image {Name} could not be made")]
        public static partial void Failed(ILogger logger, Exception fault, string name);
    }
}
