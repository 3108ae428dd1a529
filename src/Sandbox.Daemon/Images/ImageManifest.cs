using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>A blob as a manifest names it.</summary>
internal sealed record Descriptor(string MediaType, Digest Digest, long Size);

/// <summary>
/// A manifest of one image for this machine, checked: an OCI image manifest or Docker's schema 2, which differ in
/// their media types only. https://github.com/opencontainers/image-spec/blob/main/manifest.md
/// </summary>
internal sealed record ImageManifest(Descriptor Self, Descriptor Config, IReadOnlyList<Descriptor> Layers)
{
    /// <summary>The longest manifest, index or configuration read.</summary>
    public const int MaxDocumentBytes = 1 << 20;

    /// <summary>Overlay takes 500 lower directories; nobody has needed more than Docker's own 127.</summary>
    public const int MaxLayers = 128;

    private const int MaxVolumes = 64;

    private const string OciManifestType = "application/vnd.oci.image.manifest.v1+json";
    private const string DockerManifestType = "application/vnd.docker.distribution.manifest.v2+json";

    private static readonly HashSet<string> LayerTypes = new(StringComparer.Ordinal)
    {
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    };

    /// <summary>All bytes of the image as stored, without the manifest.</summary>
    public long TotalSize => Config.Size + Layers.Sum(layer => layer.Size);

    /// <summary>Reads and checks a manifest that is no index.</summary>
    public static ImageManifest Read(byte[] bytes)
    {
        var document = Parse(bytes, OciJson.Default.OciManifest, "manifest");
        if (document.Manifests is not null)
        {
            throw Invalid("its manifest is an index where one image was expected");
        }

        if (document.SchemaVersion != 2 || document.Config is null || document.Layers is not { Count: > 0 })
        {
            throw Invalid("its manifest is not an image manifest of schema 2");
        }

        if (document.Layers.Count > MaxLayers)
        {
            throw Invalid($"it has {document.Layers.Count} layers; at most {MaxLayers} are taken");
        }

        var config = Check(document.Config);
        if (config.Size > MaxDocumentBytes)
        {
            throw Invalid("its configuration is larger than 1 MiB");
        }

        var layers = document.Layers.Select(Check).ToList();
        if (layers.Find(layer => !LayerTypes.Contains(layer.MediaType)) is { } strange)
        {
            throw Invalid($"a layer has the media type '{Shown(strange.MediaType)}', which is not a tar, gzip or zstd layer");
        }

        var type = config.MediaType.StartsWith("application/vnd.docker.", StringComparison.Ordinal) ? DockerManifestType : OciManifestType;
        return new ImageManifest(new Descriptor(type, DigestOf(bytes), bytes.Length), config, layers);
    }

    /// <summary>
    /// The manifest for this machine when <paramref name="bytes"/> is an index, or null when it is a manifest itself.
    /// An entry without a platform matches: the index of a layout with one image mostly has none.
    /// </summary>
    public static Descriptor? Choose(byte[] bytes)
    {
        var document = Parse(bytes, OciJson.Default.OciManifest, "index");
        if (document.Manifests is null)
        {
            return null;
        }

        var fitting = document.Manifests.OfType<OciDescriptor>().Where(entry => entry.Platform is null or { Os: "linux", Architecture: "amd64" }).ToList();
        var chosen = fitting.Find(entry => entry.Platform is not null) ?? (fitting.Count > 0 ? fitting[0] : null);
        return chosen is null ? throw Invalid("it has no image for linux/amd64") : Check(chosen);
    }

    /// <summary>Reads an image configuration, and the digests of the layers' plain tars.</summary>
    /// <param name="bytes">The document.</param>
    /// <param name="notes">Gets what in it is not done here.</param>
    public (ImageConfig Config, IReadOnlyList<Digest> DiffIds) ReadConfig(byte[] bytes, ImportNotes? notes = null)
    {
        var document = Parse(bytes, OciJson.Default.OciImage, "configuration");
        if (document.Os is not (null or "" or "linux") || document.Architecture is not (null or "" or "amd64"))
        {
            throw Invalid($"it is made for {Shown(document.Os)}/{Shown(document.Architecture)}, not linux/amd64");
        }

        var ids = document.RootFileSystem?.DiffIds ?? [];
        var diffIds = ids.Select(id => Digest.TryParse(id, out var digest) ? digest : throw Invalid("its configuration names a layer by no sha256 digest")).ToList();
        if (diffIds.Count != Layers.Count)
        {
            throw Invalid($"its configuration names {diffIds.Count} layers and its manifest {Layers.Count}");
        }

        var config = document.Config ?? new OciImageConfig();
        var entrypoint = Texts(config.Entrypoint);
        var command = Texts(config.Command);
        var workdir = Text(config.Workdir);
        var signal = Text(config.StopSignal);
        var test = Texts(config.Healthcheck?.Test);
        if (signal.Length > 0 && StopSignals.Parse(signal) is null)
        {
            notes?.Add("Its stop signal is unknown, so SIGTERM is sent instead", signal);
        }

        if (test.Count > 0 && test[0] is not "NONE")
        {
            notes?.Add("Its health check is not run", string.Join(' ', test.Skip(1)));
        }

        return (
            new ImageConfig
            {
                Entrypoint = entrypoint,
                Command = command,
                Env = [.. Texts(config.Env).Where(line => line.IndexOf('=', StringComparison.Ordinal) > 0)],
                Workdir = workdir.StartsWith('/') ? workdir : "/" + workdir,
                User = Text(config.User),
                ExposedPorts = Texts(config.ExposedPorts?.Keys),
                StopSignal = StopSignals.Parse(signal) ?? StopSignals.Terminate,
                Volumes = [.. Texts(config.Volumes?.Keys).Where(path => path.StartsWith('/') && !path.Contains('\0', StringComparison.Ordinal)).Select(Path.GetFullPath).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Take(MaxVolumes)],
                IsInteractive = InteractiveCommand.Is(entrypoint, command),
            },
            diffIds);
    }

    public static Digest DigestOf(ReadOnlySpan<byte> bytes) => Digest.Parse("sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes)));

    public static SandboxException Invalid(string why, Exception? cause = null) => new(ErrorCode.ImageInvalid, $"The image cannot be used: {why}.", cause);

    /// <summary>Text from an image, fit for a message: short, and without control characters.</summary>
    public static string Shown(string? text)
    {
        var letters = (text ?? "").Where(letter => !char.IsControl(letter)).Take(200).ToArray();
        return new string(letters);
    }

    private static T Parse<T>(byte[] bytes, JsonTypeInfo<T> type, string what)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw Invalid($"its {what} is null");
        }
        catch (JsonException exception)
        {
            throw Invalid($"its {what} is not the JSON of an image", exception);
        }
    }

    private static Descriptor Check(OciDescriptor? descriptor) =>
        descriptor is { MediaType: { } type, Size: >= 0 } && Digest.TryParse(descriptor.Digest, out var digest)
            ? new Descriptor(type, digest, descriptor.Size)
            : throw Invalid("a descriptor lacks its media type, sha256 digest or size");

    private static List<string> Texts(IEnumerable<string?>? texts) => texts is null ? [] : [.. texts.Select(Text)];

    private static string Text(string? text) =>
        text is null ? "" : text.Contains('\0', StringComparison.Ordinal) ? throw Invalid("its configuration holds a NUL character") : text;
}
