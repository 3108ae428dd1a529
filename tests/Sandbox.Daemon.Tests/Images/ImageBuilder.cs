using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Sandbox.Core.Images;
using Sandbox.Daemon.Images;

namespace Sandbox.Daemon.Tests.Images;

/// <summary>An OCI image layout in memory, right or wrong in any one place.</summary>
internal sealed class ImageBuilder
{
    private readonly Dictionary<string, byte[]> _blobs = new(StringComparer.Ordinal);
    private readonly JsonArray _layers = [];
    private readonly JsonArray _diffIds = [];
    private readonly JsonObject _config = new() { ["Cmd"] = new JsonArray("/bin/sh"), ["Env"] = new JsonArray("PATH=/bin") };
    private Digest? _manifest;

    public string Architecture { get; init; } = "amd64";

    public IReadOnlyList<Digest> DiffIds => [.. _diffIds.Select(id => Core.Images.Digest.Parse(id!.GetValue<string>()))];

    /// <summary>The manifest's digest.</summary>
    public Digest Digest => _manifest ??= Finish();

    public ImageBuilder Layer(TarBuilder tar, Digest? diffId = null) => Layer(tar.Build(), Gzip(tar.Build()), "tar+gzip", diffId);

    public ImageBuilder PlainLayer(TarBuilder tar) => Layer(tar.Build(), tar.Build(), "tar", null);

    public ImageBuilder Layer(byte[] tar, byte[] stored, string type, Digest? diffId) => LayerOfType(tar, stored, "application/vnd.oci.image.layer.v1." + type, diffId);

    public ImageBuilder LayerOfType(byte[] tar, byte[] stored, string mediaType, Digest? diffId = null)
    {
        _diffIds.Add((diffId ?? ImageManifest.DigestOf(tar)).Value);
        _layers.Add(Describe(stored, mediaType));
        return this;
    }

    public ImageBuilder Config(string key, JsonNode value)
    {
        _config[key] = value;
        return this;
    }

    /// <summary>Puts other bytes under the digest of the last layer.</summary>
    public ImageBuilder SpoilLastLayer(Func<byte[], byte[]> change)
    {
        var digest = _layers[^1]!["digest"]!.GetValue<string>();
        _blobs[digest] = change(_blobs[digest]);
        return this;
    }

    /// <summary>Writes the layout to a directory.</summary>
    public void WriteTo(string directory)
    {
        var files = Files();
        foreach (var (name, content) in files)
        {
            var path = Path.Combine(directory, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
        }
    }

    /// <summary>A tar of the layout.</summary>
    public byte[] OciArchive()
    {
        var tar = new TarBuilder();
        foreach (var (name, content) in Files())
        {
            tar.File(Encoding.UTF8.GetBytes(name), content);
        }

        return tar.Build();
    }

    /// <summary>What <c>docker save</c> writes: plain layers, and a manifest.json of its own kind.</summary>
    public static byte[] DockerArchive(params TarBuilder[] layers) => DockerArchiveOf([layers]);

    /// <summary>What <c>docker save one two</c> writes, each of one layer.</summary>
    public static byte[] DockerArchiveOfTwo(TarBuilder one, TarBuilder two) => DockerArchiveOf([[one], [two]]);

    private static byte[] DockerArchiveOf(TarBuilder[][] images)
    {
        var tar = new TarBuilder();
        var manifest = new JsonArray();
        for (var image = 0; image < images.Length; image++)
        {
            var diffIds = new JsonArray();
            var names = new JsonArray();
            for (var layer = 0; layer < images[image].Length; layer++)
            {
                var content = images[image][layer].Build();
                var name = string.Create(CultureInfo.InvariantCulture, $"layer{image}-{layer}/layer.tar");
                diffIds.Add(ImageManifest.DigestOf(content).Value);
                names.Add(name);
                tar.File(Encoding.UTF8.GetBytes(name), content);
            }

            var config = new JsonObject
            {
                ["architecture"] = "amd64",
                ["os"] = "linux",
                ["config"] = new JsonObject { ["Cmd"] = new JsonArray("bash") },
                ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = diffIds },
            };
            var configName = string.Create(CultureInfo.InvariantCulture, $"config{image}.json");
            tar.File(configName, config.ToJsonString());
            manifest.Add(new JsonObject { ["Config"] = configName, ["RepoTags"] = new JsonArray($"saved:{image}"), ["Layers"] = names });
        }

        return tar.File("manifest.json", manifest.ToJsonString()).Build();
    }

    public static byte[] Gzip(byte[] bytes)
    {
        var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return memory.ToArray();
    }

    private Dictionary<string, byte[]> Files()
    {
        var index = new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(Descriptor(Digest, _blobs[Digest.Value].Length, "application/vnd.oci.image.manifest.v1+json")) };
        var files = _blobs.ToDictionary(blob => "blobs/sha256/" + blob.Key["sha256:".Length..], blob => blob.Value, StringComparer.Ordinal);
        files["index.json"] = Encoding.UTF8.GetBytes(index.ToJsonString());
        files["oci-layout"] = """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray();
        return files;
    }

    private Digest Finish()
    {
        var config = new JsonObject
        {
            ["architecture"] = Architecture,
            ["os"] = "linux",
            ["config"] = _config,
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = _diffIds },
        };
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.oci.image.manifest.v1+json",
            ["config"] = Describe(Encoding.UTF8.GetBytes(config.ToJsonString()), "application/vnd.oci.image.config.v1+json"),
            ["layers"] = _layers,
        };
        var bytes = Encoding.UTF8.GetBytes(manifest.ToJsonString());
        var digest = ImageManifest.DigestOf(bytes);
        _blobs[digest.Value] = bytes;
        return digest;
    }

    private JsonObject Describe(byte[] blob, string type)
    {
        var digest = ImageManifest.DigestOf(blob);
        _blobs[digest.Value] = blob;
        return Descriptor(digest, blob.Length, type);
    }

    private static JsonObject Descriptor(Digest digest, long size, string type) => new() { ["mediaType"] = type, ["digest"] = digest.Value, ["size"] = size };
}
