using Port = Sandbox.Core.Images;

namespace Sandbox.Rpc.Wire;

/// <summary>Images in and out of messages.</summary>
internal static class ImagesMap
{
    internal static StoredImage ToWire(this Port.StoredImage image)
    {
        var wire = new StoredImage
        {
            Digest = image.Digest.Value,
            Config = new ImageConfig
            {
                Entrypoint = { image.Config.Entrypoint },
                Command = { image.Config.Command },
                Env = { image.Config.Env },
                Workdir = image.Config.Workdir,
                User = image.Config.User,
                ExposedPorts = { image.Config.ExposedPorts },
                IsInteractive = image.Config.IsInteractive,
                StopSignal = image.Config.StopSignal,
                Volumes = { image.Config.Volumes },
            },
        };
        if (image.Isolation is not null)
        {
            wire.Isolation = image.Isolation;
        }

        foreach (var layer in image.Layers)
        {
            wire.Layers.Add(new ImageLayer { Digest = layer.Digest.Value, Size = layer.Size });
        }

        return wire;
    }

    internal static Port.StoredImage ToCore(this StoredImage wire) => new()
    {
        Digest = Values.ToDigest(wire.Digest),
        Layers = [.. wire.Layers.Select(layer => new Port.ImageLayer(Values.ToDigest(layer.Digest), layer.Size))],
        Isolation = wire.HasIsolation ? wire.Isolation : null,
        Config = wire.Config is { } config
            ? new Port.ImageConfig
            {
                Entrypoint = [.. config.Entrypoint],
                Command = [.. config.Command],
                Env = [.. config.Env],
                Workdir = config.Workdir,
                User = config.User,
                ExposedPorts = [.. config.ExposedPorts],
                IsInteractive = config.IsInteractive,
                StopSignal = config.StopSignal,
                Volumes = [.. config.Volumes],
            }
            : new Port.ImageConfig(),
    };

    internal static ImageProgress ToWire(this Port.ImageProgress progress) =>
        new() { Percent = progress.Percent, Step = progress.Step, Image = progress.Image?.ToWire(), Notes = { progress.Notes } };

    internal static Port.ImageProgress ToCore(this ImageProgress wire) =>
        new(wire.Percent, wire.Step, wire.Image?.ToCore()) { Notes = [.. wire.Notes] };

    internal static IEnumerable<ImageDifferencePart> ToWire(this Port.ImageDifference difference)
    {
        yield return new ImageDifferencePart { Entries = difference.Entries, TarBytes = difference.TarBytes };
        foreach (var chunk in difference.Deleted.Chunk(PathsPerMessage))
        {
            var part = new ImageDifferencePart();
            part.Deleted.AddRange(chunk.Select(Values.ToWire));
            yield return part;
        }
    }

    internal static Port.ImageDifference ToCore(this IReadOnlyList<ImageDifferencePart> parts) => parts.Count == 0 ? throw Faults.Malformed("difference") : new()
    {
        Entries = parts[0].Entries,
        TarBytes = parts[0].TarBytes,
        Deleted = [.. parts.SelectMany(part => part.Deleted).Select(Values.ToPath)],
    };

    internal static AddImageRequest ToWire(this Port.ImageSource source) => source switch
    {
        Port.ImageSource.Recipe recipe => new AddImageRequest { Recipe = recipe.Name },
        Port.ImageSource.Registry registry => new AddImageRequest { Registry = registry.Reference },
        Port.ImageSource.Archive archive => new AddImageRequest { Archive = (ArchiveKind)((int)archive.Kind + 1) },
        _ => throw new ArgumentException("an image source of another kind", nameof(source)),
    };

    /// <summary>The source an asker named; <paramref name="content"/> is what follows an archive's.</summary>
    internal static Port.ImageSource ToCore(this AddImageRequest wire, IAsyncEnumerable<ReadOnlyMemory<byte>> content) => wire.PartCase switch
    {
        AddImageRequest.PartOneofCase.Recipe when wire.Recipe.Length is > 0 and <= MaxName => new Port.ImageSource.Recipe(wire.Recipe),
        AddImageRequest.PartOneofCase.Registry when wire.Registry.Length is > 0 and <= MaxName => new Port.ImageSource.Registry(wire.Registry),
        AddImageRequest.PartOneofCase.Archive =>
            new Port.ImageSource.Archive(Values.ToEnum<Port.ArchiveKind>((int)wire.Archive, "archive kind"), content),
        _ => throw Faults.Malformed("image source"),
    };

    /// <summary>A registry reference: a name of 255, a tag of 128, a digest of 71 characters and what stands between.</summary>
    private const int MaxName = 512;

    /// <summary>Paths are up to 4 KiB.</summary>
    private const int PathsPerMessage = 500;
}
