namespace Sandbox.Core.Files;

/// <summary>What a directory entry is.</summary>
public enum FileKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    Symlink,

    /// <summary>A device, a FIFO or a socket.</summary>
    Other,
}

/// <summary>One directory entry.</summary>
/// <param name="Name">The name's bytes.</param>
/// <param name="Kind">What it is; links are not followed.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Modified">When its content changed last.</param>
public sealed record FileEntry(ReadOnlyMemory<byte> Name, FileKind Kind, long Size, int Mode, DateTimeOffset Modified);

/// <summary>How a read is answered: as the thing is, or packed.</summary>
public enum ReadForm
{
    /// <summary>The bytes of a regular file.</summary>
    Raw,

    /// <summary>A tar of the file or of the whole tree below a directory.</summary>
    Tar,
}
