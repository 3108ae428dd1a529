using Sandbox.Core.Volumes;

namespace Sandbox.Core.Sandboxes;

/// <summary>
/// A volume in a sandbox to start. The runtime makes the volume when it is attached for the first time; later its size and
/// its owner are those of the first time.
/// </summary>
public sealed record SandboxVolume
{
    /// <summary>Chosen by the asker.</summary>
    public required VolumeId Id { get; init; }

    /// <summary>The person's name for it, for messages.</summary>
    public required string Name { get; init; }

    /// <summary>The directory in the sandbox on which it is mounted.</summary>
    public required string Path { get; init; }

    /// <summary>Bytes that it holds, with those of its file system.</summary>
    public required long Bytes { get; init; }

    /// <summary>Whether the sandbox only reads it, and another may write to it meanwhile.</summary>
    public bool ReadOnly { get; init; }
}
