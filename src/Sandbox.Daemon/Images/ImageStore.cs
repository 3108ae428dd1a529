using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// The images on this host: blobs by digest, and each layer unpacked once for all images that have it. Work that fails or
/// is cancelled leaves the store as it was; after a crash at any point the next start cleans up.
/// </summary>
internal sealed partial class ImageStore : IAsyncDisposable
{
    private readonly DaemonOptions _options;
    private readonly ILogger<ImageStore> _logger;
    private readonly ImageFiles _files;
    private readonly DiskReserve _reserve;
    private readonly CertificateLayers _certificates;
    private readonly ImageSources _sources;
    private readonly ImageTable _images = new();
    private readonly ImageWorks _works = new();

    private readonly LayerRemovals _removals;

    // Held while blobs and layers come or go, which is a handful of renames: saves of all people pass here.
    private readonly SemaphoreSlim _changing = new(1, 1);

    // One import from outside at a time, so that a layer that two images share is unpacked once.
    private readonly SemaphoreSlim _importing = new(1, 1);

    public ImageStore(DaemonOptions options, Reserves reserves, Tool tool, ILogger<ImageStore> logger)
    {
        _options = options;
        _logger = logger;
        _files = new ImageFiles(options.DataDirectory, tool);
        _removals = new LayerRemovals(_files, LogFailed);
        _reserve = new DiskReserve(options.DataDirectory, reserves.DiskForImages);
        _certificates = new CertificateLayers(_files);
        _sources = new ImageSources(options, tool, _reserve, _images);
    }

    /// <summary>The store's blobs and layers on disk.</summary>
    public ImageFiles Files => _files;

    /// <summary>Removes unfinished work of an earlier daemon and reads the index. Called before everything else.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await _files.OpenAsync();
        await _certificates.OpenAsync(_options.ExtraCaFile, cancellationToken);
        foreach (var (descriptor, isolation) in _files.ReadIndex())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_files.Load(descriptor, isolation) is { } entry)
            {
                _images.Add(entry);
            }
            else
            {
                LogIncomplete(descriptor.Digest.Value);
            }
        }

        foreach (var layer in _files.KeepOnly(_images.Entries()))
        {
            await _files.RemoveAsync(layer, cancellationToken);
        }

        foreach (var entry in _images.Entries())
        {
            await _certificates.AddAsync(entry);
        }
    }

    /// <summary>
    /// Imports an image. The last report has it. Requests for the same recipe or reference share one import; a caller who
    /// cancels leaves it, and the last one to leave ends it.
    /// Codes: RegistryUnreachable, ImageInvalid, ImageNotFound, DiskFull, TooLarge, Invalid (no reference).
    /// </summary>
    public IAsyncEnumerable<ImageProgress> AddAsync(ImageSource source, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (key, fetch) = _sources.Find(source);
        return _works.FollowAsync(key, (report, token) => BringInAsync(key, fetch, report, token), cancellationToken);
    }

    /// <summary>All images, in no order.</summary>
    public IReadOnlyList<StoredImage> List() => [.. _images.Entries().Select(entry => entry.Image)];

    /// <summary>Takes an image into use. Code: ImageNotFound.</summary>
    public UnpackedImage Acquire(Digest digest)
    {
        var (entry, release) = _images.Use(digest);
        return new UnpackedImage(entry.Image, _certificates.Stack(entry), entry.DiffIds, release);
    }

    /// <summary>
    /// Removes an image, and the blobs and layers that no other one has; files of layers go in the background. Unknown is
    /// no fault. Code: ImageInUse.
    /// </summary>
    public async Task RemoveAsync(Digest digest, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (_images.Remove(digest) is not { } entry)
            {
                return;
            }

            try
            {
                WriteIndex();
            }
            catch (Exception exception)
            {
                _images.Add(entry);
                LogFailed(exception, $"removing {digest.Value}");
                throw ImageFiles.Translate(exception);
            }

            _removals.Begin(_files.KeepOnly(_images.Entries()));
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Does work in a directory of the store's disk, which is removed afterwards, and translates errors for the person who
    /// asked. The next start removes a directory that a killed daemon left.
    /// </summary>
    public async Task<T> WithIncomingAsync<T>(string what, Func<string, Task<T>> work)
    {
        string? incoming = null;
        try
        {
            incoming = _files.MakeIncoming();
            return await work(incoming);
        }
        catch (Exception exception)
        {
            var translated = ImageFiles.Translate(exception);
            if (translated is SandboxException { Code: ErrorCode.Internal })
            {
                LogFailed(exception, what);
            }

            if (ReferenceEquals(translated, exception))
            {
                throw;
            }

            throw translated;
        }
        finally
        {
            if (incoming is not null)
            {
                await _files.RemoveAsync(incoming);
            }
        }
    }

    /// <summary>How many of an image's layers, from the top, were made by <see cref="AddOnTopAsync"/>.</summary>
    public int OwnLayers(UnpackedImage image)
    {
        var manifest = ImageManifest.Read(_files.ReadBlob(image.Image.Digest));
        return ImageOnTop.OwnLayers(_files.ReadBlob(manifest.Config.Digest), manifest.Layers.Count);
    }

    /// <summary>The bytes that layers may unpack to.</summary>
    public UnpackBudget NewBudget() => new(_options.MaxImageBytes * ImageImport.UnpackFactor, _reserve);

    /// <summary>Begins the file of a layer that is made here.</summary>
    public LayerBlobWriting NewLayer(string path, CancellationToken cancellationToken) => new(path, _options.MaxImageBytes, _reserve, cancellationToken);

    /// <summary>
    /// Makes an image of another one, a layer on top of it, and a changed configuration. The same three give the same
    /// image; without changes it is the one below. Codes: TooLarge, DiskFull.
    /// </summary>
    /// <param name="below">The image below, in use.</param>
    /// <param name="kept">How many of its layers stay below the new one: all, unless the new one stands for the others too.</param>
    /// <param name="layer">The layer, or null when there is none.</param>
    /// <param name="blobs">The directory with the layer's blob under its digest.</param>
    /// <param name="change">The changes of the configuration.</param>
    /// <param name="incoming">The work's directory.</param>
    /// <param name="run">Runs the unpacking, which takes long, on a thread of its own.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<StoredImage> AddOnTopAsync(UnpackedImage below, int kept, PackedLayer? layer, string blobs, ConfigChange change, string incoming, Func<Func<ImageEntry>, Task<ImageEntry>> run, CancellationToken cancellationToken)
    {
        var manifest = ImageManifest.Read(_files.ReadBlob(below.Image.Digest));
        if (ImageOnTop.Documents(manifest, _files.ReadBlob(manifest.Config.Digest), kept, layer, change) is not var (config, document))
        {
            return below.Image;
        }

        File.WriteAllBytes(Path.Combine(blobs, ImageManifest.DigestOf(config).Hex), config);
        return await StoreAsync(FetchedImage.FromOwn(document, blobs, below.Image.Isolation), incoming, new WorkReport(_ => { }), run, cancellationToken);
    }

    /// <summary>Ends all work and what it started.</summary>
    public async ValueTask DisposeAsync()
    {
        await _works.StopAsync();
        await _removals.DisposeAsync();
        _changing.Dispose();
        _importing.Dispose();
    }

    private Task<StoredImage> BringInAsync(string what, Fetch fetch, WorkReport report, CancellationToken cancellationToken) => WithIncomingAsync(what, async incoming =>
    {
        _reserve.Check();
        report.Stage(0, 60, "starting");
        Digest? present = null;
        var fetched = await fetch(incoming, report, digest => present = digest, cancellationToken);
        if (fetched is null)
        {
            return _images.Find(present!.Value) ?? throw new SandboxException(ErrorCode.Conflict, "The image was removed at this very moment. Add it again.");
        }

        return await ImportAsync(fetched, incoming, report, cancellationToken);
    });

    private async Task<StoredImage> ImportAsync(FetchedImage fetched, string incoming, WorkReport report, CancellationToken cancellationToken)
    {
        if (!await _importing.WaitAsync(0, cancellationToken))
        {
            report.Stage(60, 60, "waiting for another image");
            await _importing.WaitAsync(cancellationToken);
        }

        try
        {
            return await StoreAsync(fetched, incoming, report, LongWork.RunAsync, cancellationToken);
        }
        finally
        {
            _importing.Release();
        }
    }

    /// <summary>
    /// Copies and unpacks beside the store, and then renames: nobody waits for the million files of somebody else's layer.
    /// The images that share something with the new one are in use meanwhile, so that nothing which it relies on goes.
    /// </summary>
    private async Task<StoredImage> StoreAsync(FetchedImage fetched, string incoming, WorkReport report, Func<Func<ImageEntry>, Task<ImageEntry>> run, CancellationToken cancellationToken)
    {
        var manifest = ImageManifest.Read(fetched.Manifest);
        if (await FindAsync(fetched, manifest, cancellationToken) is { } present)
        {
            return present;
        }

        using var shared = _images.UseSharing(manifest);
        var import = new ImageImport(_files, _reserve, _options.MaxImageBytes, shared);
        var entry = await run(() => import.Run(fetched, manifest, incoming, report, cancellationToken));
        if (await _certificates.MakeAsync(entry.Image.Digest, [.. entry.Stack.Select(import.WhereIs)], incoming) is { } layer)
        {
            import.Layers.Add(layer);
        }

        report.Stage(98, 99, "storing");
        await _files.SyncAsync();
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (Find(fetched, manifest) is { } same)
            {
                return same;
            }

            cancellationToken.ThrowIfCancellationRequested();
            Publish(import, entry);
            return entry.Image;
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task<StoredImage?> FindAsync(FetchedImage fetched, ImageManifest manifest, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            return Find(fetched, manifest);
        }
        finally
        {
            _changing.Release();
        }
    }

    private StoredImage? Find(FetchedImage fetched, ImageManifest manifest) =>
        _images.Find(manifest.Self.Digest) is not { } present ? null
        : fetched.Isolation is null || fetched.Isolation == present.Isolation ? present
        : Isolate(present.Digest, fetched.Isolation);

    /// <summary>The operator's recipe makes the very image that came from elsewhere before.</summary>
    private StoredImage Isolate(Digest digest, string isolation)
    {
        var image = _images.Isolate(digest, isolation);
        WriteIndex();
        return image;
    }

    // From here on nothing is cancelled: it is a handful of renames.
    private void Publish(ImageImport import, ImageEntry entry)
    {
        try
        {
            // Somebody else's import may have brought the same layer meanwhile.
            foreach (var (from, to) in import.Layers.Where(move => !Directory.Exists(move.To)))
            {
                Directory.Move(from, to);
            }

            foreach (var (from, to) in import.Blobs)
            {
                File.Move(from, to, overwrite: true);
            }

            _images.Add(entry);
            WriteIndex();
        }
        catch
        {
            _images.Undo(entry);
            _removals.Begin(_files.KeepOnly(_images.Entries()));
            throw;
        }

        LogAdded(entry.Image.Digest.Value);
    }

    private void WriteIndex() => _files.WriteIndex(_images.Entries());

    [LoggerMessage(Level = LogLevel.Information, Message = "Image {Digest} is in the store.")]
    private partial void LogAdded(string digest);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Image {Digest} is incomplete on disk and is forgotten; add it again.")]
    private partial void LogIncomplete(string digest);

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed: {What}")]
    private partial void LogFailed(Exception exception, string what);
}
