namespace Sandbox.Web.Store;

/// <summary>An image that a person built, under a name of their own. The store keeps the image while the row is here.</summary>
internal sealed class OwnImageRow
{
    public required string OwnerId { get; init; }

    public required string Name { get; init; }

    public required string Digest { get; set; }

    /// <summary>Bytes of all layers as stored, those of the image below included.</summary>
    public required long Size { get; set; }

    /// <summary>The command that it runs, as one line.</summary>
    public required string Runs { get; set; }

    public required bool Interactive { get; set; }

    /// <summary>When it was built last.</summary>
    public required DateTimeOffset BuiltAt { get; set; }

    /// <summary>The layers that are in no image of the catalog, so that its owner's storage pays for them.</summary>
    public List<OwnImageLayerRow> Layers { get; init; } = [];
}

/// <summary>A layer that a person's image needs beyond those of the catalog.</summary>
internal sealed class OwnImageLayerRow
{
    public required string OwnerId { get; init; }

    public required string Name { get; init; }

    public required string Digest { get; init; }

    public required long Size { get; init; }
}

/// <summary>A code with which everybody pulls one person's image of a name. It stays when the image is built or pushed again.</summary>
internal sealed class SharedImageRow
{
    public required string Code { get; init; }

    public required string OwnerId { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset SharedAt { get; init; }
}
