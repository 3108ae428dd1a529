using Sandbox.Core.Files;
using Sandbox.Core.Images;

namespace Sandbox.Core.Snapshots;

/// <summary>What of a sandbox's state goes into an image.</summary>
public sealed record SnapshotSpec
{
    /// <summary>Everything the sandbox changed.</summary>
    public static SnapshotSpec All { get; } = new();

    /// <summary>
    /// Paths whose changes are left out, with all that is below them: the image keeps there whatever its base has.
    /// A path is the file's own; links on the way are not followed.
    /// </summary>
    public IReadOnlyList<SandboxPath> ExcludedPaths { get; init; } = [];

    /// <summary>Names of the recipe's variables that are left out.</summary>
    public IReadOnlyList<string> ExcludedVariables { get; init; } = [];
}

/// <summary>An image made from a sandbox's state.</summary>
/// <param name="Image">The image. A sandbox that changed nothing gives the image it was started from.</param>
/// <param name="LayerBytes">Bytes of the layer with the changes; 0 when nothing changed.</param>
/// <param name="Skipped">Files that an image cannot hold, the first <see cref="SnapshotContents.MaxSkipped"/> of them.</param>
public sealed record SnapshotResult(StoredImage Image, long LayerBytes, IReadOnlyList<SkippedFile> Skipped);

/// <summary>Why a file is not in a snapshot although nobody excluded it.</summary>
public enum SkipReason
{
    /// <summary>A socket: it means nothing without the process that listens on it.</summary>
    Socket,

    /// <summary>A device node.</summary>
    Device,

    /// <summary>A name that begins with <c>.wh.</c>: in an image's layer that means "deleted".</summary>
    ReservedName,
}

/// <summary>A file that a snapshot does not hold.</summary>
public sealed record SkippedFile(SandboxPath Path, SkipReason Reason);
