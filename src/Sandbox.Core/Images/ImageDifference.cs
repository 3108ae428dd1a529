using Sandbox.Core.Files;

namespace Sandbox.Core.Images;

/// <summary>What an image changed in the files of the image that it is built on.</summary>
public sealed record ImageDifference
{
    /// <summary>
    /// Paths of the image below that are gone, or whose kind is another one now (a directory that became a file).
    /// A directory stands for everything in it. They are deleted before <see cref="Runtime.IImages.ReadChangesAsync"/>'s
    /// tar is unpacked.
    /// </summary>
    public required IReadOnlyList<SandboxPath> Deleted { get; init; }

    /// <summary>Files, directories and links in the tar.</summary>
    public required long Entries { get; init; }

    /// <summary>Bytes of the tar. It has no entries, and 0 bytes, when files were only deleted or nothing changed.</summary>
    public required long TarBytes { get; init; }
}
