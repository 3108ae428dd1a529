using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;

namespace Sandbox.Web.Catalog;

/// <summary>Makes what the catalog lacks, one image at a time: each takes both a core and the disk for itself.</summary>
internal sealed partial class CatalogMaker(CatalogKeeper catalog, ISandboxRuntime runtime, Uploads uploads, ILogger<CatalogMaker> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _asked = new(0);
    private readonly Lock _gate = new();
    private (string Name, CancellationTokenSource Stop)? _making;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        catalog.Asked += () => _asked.Release();
        catalog.Dropped += Drop;
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _asked.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (catalog.NextToMake() is not { } row)
            {
                await _asked.WaitAsync(stoppingToken);
                continue;
            }

            using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            lock (_gate)
            {
                _making = (row.Name, stop);
            }

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
                lock (_gate)
                {
                    _making = null;
                }
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
                _ when !uploads.Has(row.Source) => throw new SandboxException(ErrorCode.Invalid, "The upload is gone: remove the entry and upload it again."),
                CatalogSource.OciArchive => new ImageSource.Archive(ArchiveKind.Oci, uploads.ReadAsync(row.Source)),
                _ => new ImageSource.Archive(ArchiveKind.Docker, uploads.ReadAsync(row.Source)),
            };

            StoredImage? made = null;
            await foreach (var progress in runtime.AddImageAsync(source, cancellationToken))
            {
                catalog.Report(row.Name, progress);
                made = progress.Image ?? made;
            }

            var image = made ?? throw new SandboxException(ErrorCode.Internal, "The runtime reported no image.");
            await catalog.SettleAsync(row.Name, current => current.Made(image));
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
            await catalog.SettleAsync(row.Name, current => current.Failed(fault is SandboxException known ? known.Message : "Something went wrong on our side."));
        }
    }

    private void Drop(string name)
    {
        lock (_gate)
        {
            if (_making is { } making && making.Name == name)
            {
                making.Stop.Cancel();
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
