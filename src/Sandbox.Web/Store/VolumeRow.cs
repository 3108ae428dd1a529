namespace Sandbox.Web.Store;

/// <summary>A volume of a person. The runtime makes it when it is attached for the first time.</summary>
internal sealed class VolumeRow
{
    public required string Id { get; init; }

    public required string OwnerId { get; init; }

    /// <summary>Its owner's name for it; one that a link made has a dot and the link's origin behind it.</summary>
    public required string Name { get; init; }

    public required long Bytes { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
