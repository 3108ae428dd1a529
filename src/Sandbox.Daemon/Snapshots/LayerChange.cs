using Microsoft.Win32.SafeHandles;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Snapshots;

/// <summary>One entry of a layer: a path that the sandbox made, changed or deleted.</summary>
/// <param name="Path">Relative to the root, without a slash at its end; empty is the root itself.</param>
/// <param name="IsInImage">Whether the image has something there.</param>
internal abstract record LayerChange(byte[] Path, bool IsInImage)
{
    /// <summary>An entry that exists and differs from the image's.</summary>
    /// <param name="Path"><inheritdoc cref="LayerChange.Path"/></param>
    /// <param name="IsInImage"><inheritdoc cref="LayerChange.IsInImage"/></param>
    /// <param name="IsChanged">False for a directory that is here only because of what is in it.</param>
    /// <param name="Kind">Its type now.</param>
    /// <param name="Status">Its status, with the host's numbers of owners.</param>
    /// <param name="Attributes">Its attributes as the sandbox sees them.</param>
    /// <param name="Target">Where a symbolic link leads, or which path of the layer a hard link is another name of.</param>
    /// <param name="Inode">The entry, opened with <c>O_PATH</c> until the next change is read.</param>
    internal sealed record Present(
        byte[] Path, bool IsInImage, bool IsChanged, TarKind Kind, InodeStatus Status, IReadOnlyList<(string Name, byte[] Value)> Attributes, byte[] Target, SafeFileHandle? Inode)
        : LayerChange(Path, IsInImage)
    {
        /// <summary>Whether this directory hides what the image has in it.</summary>
        public bool IsOpaque { get; init; }

        /// <summary>Whether this directory differs from the image's in its time alone, as any does in which something was made.</summary>
        public bool IsTouched { get; init; }

        /// <summary>Whether the image has something of another kind there: it has to go before this comes.</summary>
        public bool IsReplaced { get; init; }
    }

    /// <summary>The image's entry was deleted.</summary>
    internal sealed record Deleted(byte[] Path) : LayerChange(Path, true);

    /// <summary>The directory hides everything that the image has in it.</summary>
    internal sealed record Emptied(byte[] Path) : LayerChange(Path, true);
}
