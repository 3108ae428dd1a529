using System.Runtime.InteropServices;

namespace Sandbox.Core.Files;

/// <summary>A part of a file, as far as the file reaches.</summary>
/// <param name="First">The offset of its first byte.</param>
/// <param name="Length">The most bytes of it.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct FileRange(long First, long Length)
{
    /// <summary>All of the file, as long as it is when the reading begins.</summary>
    public static FileRange Whole { get; } = new(0, long.MaxValue);
}
