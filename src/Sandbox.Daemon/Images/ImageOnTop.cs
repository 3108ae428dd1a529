using System.Text.Json;
using System.Text.Json.Nodes;
using Sandbox.Core.Errors;

namespace Sandbox.Daemon.Images;

/// <summary>Configuration in which a new image differs from the one below it.</summary>
/// <param name="Env">Variables set over the image's own.</param>
/// <param name="Workdir">The working directory of commands, or null for the image's own.</param>
/// <param name="User">The user of commands, or null for the image's own.</param>
internal sealed record ConfigChange(IReadOnlyDictionary<string, string> Env, string? Workdir, string? User);

/// <summary>
/// The documents of an image made from another one and a layer. Fields that this program does not know stay as they are.
/// There is no time in them, so that the same state is the same image whenever it was saved.
/// https://github.com/opencontainers/image-spec/blob/main/config.md
/// </summary>
internal static class ImageOnTop
{
    private const string CreatedBy = "sandbox snapshot";

    /// <param name="below">The image below.</param>
    /// <param name="configBelow">Its configuration.</param>
    /// <param name="kept">How many of its layers the new image has.</param>
    /// <param name="layer">The new image's own layer, or null when there is none.</param>
    /// <param name="change">What is set in the configuration.</param>
    /// <returns>Configuration and manifest, or null if they equal those below.</returns>
    public static (byte[] Config, byte[] Manifest)? Documents(ImageManifest below, byte[] configBelow, int kept, PackedLayer? layer, ConfigChange change)
    {
        if (kept >= ImageManifest.MaxLayers && layer is not null)
        {
            throw new SandboxException(ErrorCode.TooLarge, $"The image has {below.Layers.Count} layers already, the most there can be; nothing can be saved on top of it.");
        }

        var (config, isChanged) = Config(configBelow, below.Layers.Count, kept, layer, change);
        if (!isChanged && layer is null && kept == below.Layers.Count)
        {
            return null;
        }

        var layers = new JsonArray([.. below.Layers.Take(kept).Select(known => Describe(OciType(known.MediaType), known.Digest.Value, known.Size))]);
        if (layer is not null)
        {
            layers.Add(Describe("application/vnd.oci.image.layer.v1.tar", layer.DiffId.Value, layer.Size));
        }

        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.oci.image.manifest.v1+json",
            ["config"] = Describe("application/vnd.oci.image.config.v1+json", ImageManifest.DigestOf(config).Value, config.Length),
            ["layers"] = layers,
        };
        return (config, Bytes(manifest));
    }

    /// <summary>
    /// How many layers, from the top, the history says were made here. The lowest layer is never one of them. None if
    /// the history does not fit the layers.
    /// </summary>
    public static int OwnLayers(byte[] config, int layers)
    {
        try
        {
            var history = LayersOf(JsonNode.Parse(config)!["history"] as JsonArray ?? []);
            return history.Count == layers
                ? Enumerable.Reverse(history).TakeWhile(entry => entry["created_by"]?.GetValueKind() == JsonValueKind.String && entry["created_by"]!.GetValue<string>() == CreatedBy).Take(layers - 1).Count()
                : 0;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or NullReferenceException)
        {
            return 0;
        }
    }

    private static List<JsonObject> LayersOf(JsonArray history) => [.. history.OfType<JsonObject>().Where(entry => entry["empty_layer"]?.GetValueKind() != JsonValueKind.True)];

    private static (byte[] Config, bool IsChanged) Config(byte[] below, int layersBelow, int kept, PackedLayer? layer, ConfigChange change)
    {
        try
        {
            var image = JsonNode.Parse(below)!.AsObject();
            if (image["config"] is not JsonObject config)
            {
                image["config"] = config = [];
            }

            var before = config.DeepClone();
            SetEnv(config, change.Env);
            Set(config, "WorkingDir", change.Workdir);
            Set(config, "User", change.User);
            var isChanged = !JsonNode.DeepEquals(before, config);
            if (kept < layersBelow)
            {
                Cut(image, kept);
            }

            if (layer is not null)
            {
                image["rootfs"]!["diff_ids"]!.AsArray().Add(layer.DiffId.Value);
            }

            AddHistory(image, kept, isEmpty: layer is null);
            return (Bytes(image), isChanged);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException or NullReferenceException)
        {
            throw ImageManifest.Invalid("its configuration is not the JSON of an image", exception);
        }
    }

    // The layers above go, and all of the history that came after the last one that stays.
    private static void Cut(JsonObject image, int kept)
    {
        var ids = image["rootfs"]!["diff_ids"]!.AsArray();
        ids.RemoveRange(kept, ids.Count - kept);
        if (image["history"] is JsonArray history)
        {
            var first = history.IndexOf(LayersOf(history)[kept]);
            history.RemoveRange(first, history.Count - first);
        }
    }

    private static void Set(JsonObject config, string name, string? value)
    {
        if (value is not null)
        {
            config[name] = value;
        }
    }

    // A variable keeps its place; new ones come behind, by name.
    private static void SetEnv(JsonObject config, IReadOnlyDictionary<string, string> variables)
    {
        if (variables.Count == 0)
        {
            return;
        }

        var lines = (config["Env"] as JsonArray ?? []).Select(line => line?.GetValue<string>() ?? "").ToList();
        foreach (var (name, value) in variables.OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            var at = lines.FindIndex(line => line.StartsWith(name + "=", StringComparison.Ordinal));
            if (at < 0)
            {
                lines.Add($"{name}={value}");
            }
            else
            {
                lines[at] = $"{name}={value}";
            }
        }

        config["Env"] = new JsonArray([.. lines.Select(line => JsonValue.Create(line))]);
    }

    // Programs that read a history expect one entry for each layer; an image that has none gets all.
    private static void AddHistory(JsonObject image, int layersBelow, bool isEmpty)
    {
        if (image["history"] is not JsonArray history)
        {
            image["history"] = history = new JsonArray([.. Enumerable.Range(0, layersBelow).Select(_ => new JsonObject { ["created_by"] = "layer of the base image" })]);
        }

        var entry = new JsonObject { ["created_by"] = CreatedBy };
        if (isEmpty)
        {
            entry["empty_layer"] = true;
        }

        history.Add(entry);
    }

    private static JsonObject Describe(string type, string digest, long size) => new() { ["mediaType"] = type, ["digest"] = digest, ["size"] = size };

    // A manifest of OCI's own names its layers in OCI's words, also when they came from Docker.
    private static string OciType(string mediaType) => mediaType switch
    {
        "application/vnd.docker.image.rootfs.diff.tar" => "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip" => "application/vnd.oci.image.layer.v1.tar+gzip",
        _ => mediaType,
    };

    private static byte[] Bytes(JsonObject document) => System.Text.Encoding.UTF8.GetBytes(document.ToJsonString());
}
