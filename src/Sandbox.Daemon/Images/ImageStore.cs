using System.Runtime.CompilerServices;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// The images on this host: blobs by digest, and each layer unpacked once for all images that have it. What fails or
/// is cancelled leaves the store as it was; a crash at any point is cleared at the next start.
/// </summary>
internal sealed partial class ImageStore : IAsyncDisposable
{
    /// <summary>Each is a program that fetches, and an image's worth of disk.</summary>
    private const int MostWorks = 32;

    private readonly DaemonOptions _options;
    private readonly ILogger<ImageStore> _logger;
    private readonly ImageFiles _files;
    private readonly DiskReserve _reserve;
    private readonly ImageRecipes _recipes;
    private readonly Skopeo _skopeo;

    // Guards the two tables below, for moments.
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, Held> _images = [];
    private readonly Dictionary<string, ImageWork> _works = new(StringComparer.Ordinal);

    // Held while blobs and layers come or go: one import at a time, so that a layer that two images share is unpacked once.
    private readonly SemaphoreSlim _changing = new(1, 1);
    private byte[]? _certificates;

    public ImageStore(DaemonOptions options, Tool tool, ILogger<ImageStore> logger)
    {
        _options = options;
        _logger = logger;
        _files = new ImageFiles(options.DataDirectory, tool);
        _reserve = new DiskReserve(options.DataDirectory);
        _recipes = new ImageRecipes(options.RecipeDirectory);
        _skopeo = new Skopeo(tool, _reserve, options.MaxImageBytes);
    }

    /// <summary>Clears what an earlier daemon left half-done and reads what is there. Before everything else.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await _files.OpenAsync();
        _certificates = _options.ExtraCaFile is { } file ? await File.ReadAllBytesAsync(file, cancellationToken) : null;
        foreach (var descriptor in _files.ReadIndex())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Load(descriptor) is { } entry)
            {
                _images[entry.Image.Digest] = new Held(entry);
            }
            else
            {
                LogIncomplete(descriptor.Digest.Value);
            }
        }

        await RemoveUnusedAsync();
        foreach (var held in _images.Values)
        {
            await AddCertificatesAsync(held.Entry, held.Entry.Stack.Select(_files.Layer));
        }
    }

    /// <summary>
    /// Brings an image in. The last report carries it. Who asks for the same recipe or reference while it is being
    /// brought in takes part in that; who cancels leaves, and the last one to leave ends it.
    /// Codes: RegistryUnreachable, ImageInvalid, ImageNotFound, DiskFull, TooLarge, Invalid (no reference).
    /// </summary>
    public async IAsyncEnumerable<ImageProgress> AddAsync(ImageSource source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (key, fetch) = Plan(source);
        var work = Join(key, fetch);
        try
        {
            ImageProgress? shown = null;
            while (true)
            {
                var (latest, changed) = work.Look();
                if (!ReferenceEquals(latest, shown))
                {
                    shown = latest;
                    yield return latest;
                }

                if (latest.Image is not null)
                {
                    yield break;
                }

                await changed.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            await work.LeaveAsync();
        }
    }

    /// <summary>All images, in no order.</summary>
    public IReadOnlyList<StoredImage> List()
    {
        lock (_gate)
        {
            return [.. _images.Values.Select(held => held.Entry.Image)];
        }
    }

    /// <summary>Takes an image into use. Code: ImageNotFound.</summary>
    public UnpackedImage Acquire(Digest digest)
    {
        lock (_gate)
        {
            if (!_images.TryGetValue(digest, out var held))
            {
                throw new SandboxException(ErrorCode.ImageNotFound, "There is no such image on this host.");
            }

            held.Users++;
            IEnumerable<string> layers = held.Entry.Stack.Select(_files.Layer);
            if (_certificates is not null)
            {
                layers = layers.Prepend(_files.Layer(ExtraCertificates.Name(digest, _certificates)));
            }

            return new UnpackedImage(held.Entry.Image, [.. layers], () => Release(held));
        }
    }

    /// <summary>Removes an image, and the blobs and layers that no other one has. Unknown is no fault. Code: ImageInUse.</summary>
    public async Task RemoveAsync(Digest digest, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            Held? held;
            lock (_gate)
            {
                if (!_images.TryGetValue(digest, out held))
                {
                    return;
                }

                if (held.Users > 0)
                {
                    throw new SandboxException(ErrorCode.ImageInUse, "The image is used by a sandbox, or is being exported or saved on top of. End that, then remove the image.");
                }

                _images.Remove(digest);
            }

            try
            {
                WriteIndex();
            }
            catch (Exception exception)
            {
                lock (_gate)
                {
                    _images[digest] = held;
                }

                LogFailed(exception, $"removing {digest.Value}");
                throw ImageFiles.Translate(exception);
            }

            await RemoveUnusedAsync();
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Does work in a directory of the store's disk that is gone afterwards, and says what went wrong in the words of
    /// whoever asked. What a killed daemon leaves of it goes at the next start.
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

    /// <summary>Where blobs and layers are.</summary>
    public ImageFiles Files => _files;

    /// <summary>Begins the file of a layer that is made here.</summary>
    public LayerBlobWriting NewLayer(string path, CancellationToken cancellationToken) => new(path, _options.MaxImageBytes, _reserve, cancellationToken);

    /// <summary>
    /// Makes an image of another one, a layer on top of it, and a changed configuration. The same three give the same
    /// image; nothing changed gives the one below. Codes: TooLarge, DiskFull.
    /// </summary>
    /// <param name="below">The image below, in use.</param>
    /// <param name="layer">The layer, or null when there is none.</param>
    /// <param name="blobs">The directory with the layer's blob under its digest.</param>
    /// <param name="change">What is set in the configuration.</param>
    /// <param name="incoming">The work's directory.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<StoredImage> AddOnTopAsync(UnpackedImage below, PackedLayer? layer, string blobs, ConfigChange change, string incoming, CancellationToken cancellationToken)
    {
        var manifest = ImageManifest.Read(_files.ReadBlob(below.Image.Digest));
        if (ImageOnTop.Documents(manifest, _files.ReadBlob(manifest.Config.Digest), layer, change) is not var (config, document))
        {
            return below.Image;
        }

        File.WriteAllBytes(Path.Combine(blobs, ImageManifest.DigestOf(config).Hex), config);
        return await ImportAsync(FetchedImage.FromOwn(document, blobs), incoming, new WorkReport(_ => { }), cancellationToken);
    }

    /// <summary>Ends all work and what it started.</summary>
    public async ValueTask DisposeAsync()
    {
        List<ImageWork> works;
        lock (_gate)
        {
            works = [.. _works.Values];
        }

        await Task.WhenAll(works.Select(work => work.StopAsync()));
        _changing.Dispose();
    }

    private delegate Task<FetchedImage?> Fetch(string incoming, WorkReport report, Action<Digest> found, CancellationToken cancellationToken);

    /// <summary>Checks what is asked for, before anything is started.</summary>
    private (string Key, Fetch Fetch) Plan(ImageSource source)
    {
        switch (source)
        {
            case ImageSource.Recipe { Name: var name }:
                return _recipes.Has(name)
                    ? ($"recipe {name}", async (incoming, report, _, token) => await _recipes.MakeAsync(name, incoming, report, token))
                    : throw new SandboxException(ErrorCode.ImageNotFound, $"There is no image recipe '{ImageManifest.Shown(name)}'.");
            case ImageSource.Registry { Reference: var text }:
                var reference = ImageReference.TryParse(text)
                    ?? throw new SandboxException(ErrorCode.Invalid, $"'{ImageManifest.Shown(text)}' is not an image reference. Write it as docker pull takes it: debian:12, ghcr.io/owner/image@sha256:…");
                return ($"registry {reference}", (incoming, report, found, token) => FetchAsync(reference, incoming, report, found, token));
            case ImageSource.Archive archive:
                return ($"archive {Core.Ids.IdText.Random()}", async (incoming, report, _, token) => await ReceiveAsync(archive, incoming, report, token));
            default:
                throw new ArgumentOutOfRangeException(nameof(source));
        }
    }

    private ImageWork Join(string key, Fetch fetch)
    {
        lock (_gate)
        {
            if (_works.TryGetValue(key, out var present) && present.TryJoin())
            {
                return present;
            }

            if (_works.Count >= MostWorks)
            {
                throw new SandboxException(ErrorCode.Capacity, "Too many images are being brought in at once. Try again when others are ready.");
            }

            var work = new ImageWork();
            _works[key] = work;
            work.Start(async (report, token) =>
            {
                try
                {
                    return await BringInAsync(key, fetch, report, token);
                }
                finally
                {
                    lock (_gate)
                    {
                        if (_works.TryGetValue(key, out var current) && ReferenceEquals(current, work))
                        {
                            _works.Remove(key);
                        }
                    }
                }
            });
            return work;
        }
    }

    private Task<StoredImage> BringInAsync(string what, Fetch fetch, WorkReport report, CancellationToken cancellationToken) => WithIncomingAsync(what, async incoming =>
    {
        _reserve.Check();
        report.Stage(0, 60, "starting");
        Digest? present = null;
        var fetched = await fetch(incoming, report, digest => present = digest, cancellationToken);
        if (fetched is null)
        {
            return Find(present!.Value) ?? throw new SandboxException(ErrorCode.Conflict, "The image was removed at this very moment. Add it again.");
        }

        return await ImportAsync(fetched, incoming, report, cancellationToken);
    });

    /// <returns>Null when the store has the image already; then its digest was said.</returns>
    private async Task<FetchedImage?> FetchAsync(ImageReference reference, string incoming, WorkReport report, Action<Digest> found, CancellationToken cancellationToken)
    {
        report.Say($"asking for {reference}");
        var (pinned, manifest) = await _skopeo.InspectAsync(reference, cancellationToken);
        if (Find(manifest.Self.Digest) is not null)
        {
            found(manifest.Self.Digest);
            return null;
        }

        ImageImport.CheckSize(manifest, _options.MaxImageBytes);
        _reserve.Check(manifest.TotalSize);
        return await _skopeo.FetchAsync(reference, pinned, manifest.TotalSize, incoming, report, cancellationToken);
    }

    private async Task<FetchedImage> ReceiveAsync(ImageSource.Archive source, string incoming, WorkReport report, CancellationToken cancellationToken)
    {
        var archive = Path.Combine(incoming, "archive.tar");
        await Archives.ReceiveAsync(source.Content, archive, _options.MaxImageBytes, _reserve, report, cancellationToken);
        if (source.Kind == ArchiveKind.Docker)
        {
            _ = await OnThreadAsync(() => Archives.Decompress(archive, new UnpackBudget(_options.MaxImageBytes, _reserve), cancellationToken));
            return await _skopeo.ReadDockerArchiveAsync(archive, incoming, report, cancellationToken);
        }

        report.Percent(50, "reading the archive");
        return await OnThreadAsync(() => Archives.ReadLayout(archive, incoming, new UnpackBudget(_options.MaxImageBytes, _reserve), cancellationToken));
    }

    private async Task<StoredImage> ImportAsync(FetchedImage fetched, string incoming, WorkReport report, CancellationToken cancellationToken)
    {
        var manifest = ImageManifest.Read(fetched.Manifest);
        if (!await _changing.WaitAsync(0, cancellationToken))
        {
            report.Stage(60, 60, "waiting for another image");
            await _changing.WaitAsync(cancellationToken);
        }

        try
        {
            if (Find(manifest.Self.Digest) is { } present)
            {
                return present;
            }

            var import = new ImageImport(_files, _reserve, _options.MaxImageBytes, KnownLayers());
            var entry = await OnThreadAsync(() => import.Run(fetched, manifest, incoming, report, cancellationToken));
            if (_certificates is not null)
            {
                import.Layers.Add((
                    await ExtraCertificates.MakeAsync([.. entry.Stack.Select(import.WhereIs)], _certificates, incoming),
                    _files.Layer(ExtraCertificates.Name(entry.Image.Digest, _certificates))));
            }

            report.Stage(98, 99, "storing");
            await _files.SyncAsync();
            cancellationToken.ThrowIfCancellationRequested();
            await PublishAsync(import, entry);
            return entry.Image;
        }
        finally
        {
            _changing.Release();
        }
    }

    // From here on nothing is cancelled: it is a handful of renames.
    private async Task PublishAsync(ImageImport import, ImageEntry entry)
    {
        try
        {
            foreach (var (from, to) in import.Layers)
            {
                Directory.Move(from, to);
            }

            foreach (var (from, to) in import.Blobs)
            {
                File.Move(from, to, overwrite: true);
            }

            lock (_gate)
            {
                _images.Add(entry.Image.Digest, new Held(entry));
            }

            WriteIndex();
        }
        catch
        {
            lock (_gate)
            {
                _images.Remove(entry.Image.Digest);
            }

            await RemoveUnusedAsync();
            throw;
        }

        LogAdded(entry.Image.Digest.Value);
    }

    private async Task AddCertificatesAsync(ImageEntry entry, IEnumerable<string> layers)
    {
        if (_certificates is null || Directory.Exists(_files.Layer(ExtraCertificates.Name(entry.Image.Digest, _certificates))))
        {
            return;
        }

        var incoming = _files.MakeIncoming();
        try
        {
            Directory.Move(await ExtraCertificates.MakeAsync([.. layers], _certificates, incoming), _files.Layer(ExtraCertificates.Name(entry.Image.Digest, _certificates)));
        }
        finally
        {
            await _files.RemoveAsync(incoming);
        }
    }

    private ImageEntry? Load(Descriptor descriptor)
    {
        try
        {
            var bytes = _files.ReadBlob(descriptor.Digest);
            var manifest = ImageManifest.Read(bytes);
            var (config, diffIds) = manifest.ReadConfig(_files.ReadBlob(manifest.Config.Digest));
            var complete = manifest.Self.Digest == descriptor.Digest
                && manifest.Layers.All(layer => File.Exists(_files.Blob(layer.Digest)))
                && diffIds.All(diffId => Directory.Exists(_files.Layer(diffId)));
            return complete ? new ImageEntry(ImageImport.Describe(manifest, config), manifest, diffIds) : null;
        }
        catch (Exception exception) when (exception is IOException or SandboxException)
        {
            return null;
        }
    }

    private StoredImage? Find(Digest digest)
    {
        lock (_gate)
        {
            return _images.TryGetValue(digest, out var held) ? held.Entry.Image : null;
        }
    }

    // Blob to diff id, of images whose layers were verified when they came in.
    private Dictionary<Digest, Digest> KnownLayers()
    {
        lock (_gate)
        {
            return _images.Values
                .SelectMany(held => held.Entry.Manifest.Layers.Zip(held.Entry.DiffIds, (layer, diffId) => (layer.Digest, diffId)))
                .DistinctBy(pair => pair.Digest)
                .ToDictionary(pair => pair.Digest, pair => pair.diffId);
        }
    }

    private void WriteIndex()
    {
        List<Descriptor> manifests;
        lock (_gate)
        {
            manifests = [.. _images.Values.Select(held => held.Entry.Manifest.Self)];
        }

        _files.WriteIndex(manifests);
    }

    private async Task RemoveUnusedAsync()
    {
        List<ImageEntry> entries;
        lock (_gate)
        {
            entries = [.. _images.Values.Select(held => held.Entry)];
        }

        var blobs = entries.SelectMany(entry => entry.Manifest.Layers.Append(entry.Manifest.Config).Append(entry.Manifest.Self)).Select(blob => blob.Digest.Hex).ToHashSet(StringComparer.Ordinal);
        var layers = entries.SelectMany(entry => entry.DiffIds).Select(diffId => diffId.Hex).ToHashSet(StringComparer.Ordinal);
        await _files.KeepOnlyAsync(blobs, name => layers.Contains(name) || entries.Exists(entry => ExtraCertificates.IsOf(name, entry.Image.Digest)));
    }

    private void Release(Held held)
    {
        lock (_gate)
        {
            held.Users--;
        }
    }

    private static Task<T> OnThreadAsync<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    [LoggerMessage(Level = LogLevel.Information, Message = "Image {Digest} is in the store.")]
    private partial void LogAdded(string digest);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Image {Digest} is incomplete on disk and is forgotten; add it again.")]
    private partial void LogIncomplete(string digest);

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed: {What}")]
    private partial void LogFailed(Exception exception, string what);

    private sealed class Held(ImageEntry entry)
    {
        public ImageEntry Entry { get; } = entry;

        public int Users { get; set; }
    }
}
