using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sandbox.Daemon.Images;

// The JSON of the OCI image spec, as it comes: nothing here is checked yet.
// https://github.com/opencontainers/image-spec/blob/main/manifest.md and image-index.md, config.md beside it.

/// <summary><c>{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:…","size":406}</c>.</summary>
internal sealed record OciDescriptor
{
    [JsonPropertyName("mediaType")]
    public string? MediaType { get; init; }

    [JsonPropertyName("digest")]
    public string? Digest { get; init; }

    [JsonPropertyName("size")]
    public long Size { get; init; }

    [JsonPropertyName("platform")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OciPlatform? Platform { get; init; }

    [JsonPropertyName("annotations")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

/// <summary><c>{"os":"linux","architecture":"amd64"}</c>.</summary>
internal sealed record OciPlatform
{
    [JsonPropertyName("os")]
    public string? Os { get; init; }

    [JsonPropertyName("architecture")]
    public string? Architecture { get; init; }
}

/// <summary>A manifest or an index; only an index has <see cref="Manifests"/>.</summary>
internal sealed record OciManifest
{
    [JsonPropertyName("schemaVersion")]
    public int SchemaVersion { get; init; }

    [JsonPropertyName("config")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OciDescriptor? Config { get; init; }

    [JsonPropertyName("layers")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<OciDescriptor?>? Layers { get; init; }

    [JsonPropertyName("manifests")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<OciDescriptor?>? Manifests { get; init; }
}

/// <summary>An image configuration.</summary>
internal sealed record OciImage
{
    [JsonPropertyName("os")]
    public string? Os { get; init; }

    [JsonPropertyName("architecture")]
    public string? Architecture { get; init; }

    [JsonPropertyName("config")]
    public OciImageConfig? Config { get; init; }

    [JsonPropertyName("rootfs")]
    public OciRootFileSystem? RootFileSystem { get; init; }
}

/// <summary>
/// The execution parameters of the image: the <c>config</c> object of its configuration. The specification's <c>Labels</c>,
/// <c>ArgsEscaped</c>, <c>Memory</c>, <c>MemorySwap</c> and <c>CpuShares</c> are left out because no runtime uses them, and
/// Docker's <c>Shell</c> and <c>OnBuild</c> because only builds do.
/// </summary>
internal sealed record OciImageConfig
{
    [JsonPropertyName("Entrypoint")]
    public IReadOnlyList<string?>? Entrypoint { get; init; }

    [JsonPropertyName("Cmd")]
    public IReadOnlyList<string?>? Command { get; init; }

    [JsonPropertyName("Env")]
    public IReadOnlyList<string?>? Env { get; init; }

    [JsonPropertyName("WorkingDir")]
    public string? Workdir { get; init; }

    [JsonPropertyName("User")]
    public string? User { get; init; }

    [JsonPropertyName("ExposedPorts")]
    public IReadOnlyDictionary<string, JsonElement>? ExposedPorts { get; init; }

    [JsonPropertyName("Volumes")]
    public IReadOnlyDictionary<string, JsonElement>? Volumes { get; init; }

    /// <summary><c>SIGINT</c>, <c>int</c>, <c>SIGRTMIN+3</c> or a number.</summary>
    [JsonPropertyName("StopSignal")]
    public string? StopSignal { get; init; }

    /// <summary>Docker's: <c>{"Test":["CMD-SHELL","pg_isready"],"Interval":…}</c>.</summary>
    [JsonPropertyName("Healthcheck")]
    public OciHealthcheck? Healthcheck { get; init; }
}

/// <summary>How Docker would find out whether the command works.</summary>
internal sealed record OciHealthcheck
{
    [JsonPropertyName("Test")]
    public IReadOnlyList<string?>? Test { get; init; }
}

/// <summary><c>{"type":"layers","diff_ids":["sha256:…"]}</c>: the digests of the layers' plain tars, the base first.</summary>
internal sealed record OciRootFileSystem
{
    [JsonPropertyName("diff_ids")]
    public IReadOnlyList<string?>? DiffIds { get; init; }
}

[JsonSerializable(typeof(OciManifest))]
[JsonSerializable(typeof(OciImage))]
internal sealed partial class OciJson : JsonSerializerContext;
