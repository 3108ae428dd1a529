using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// gVisor mounts a file system in memory on an empty <c>/tmp</c> when it starts. Files there would count as memory, be in no
/// snapshot, and stay out of reach of file calls; so there is a file in it at that moment.
/// </summary>
internal sealed class TemporaryFiles : IDisposable
{
    private static readonly byte[] Name = [.. ".sandbox-starts"u8];

    private readonly DirectoryHandle? _directory;
    private readonly DateTimeOffset _modified;

    private TemporaryFiles(DirectoryHandle? directory)
    {
        _directory = directory;
        _modified = directory?.Handle.Status().Modified ?? default;
    }

    /// <summary>Puts a file into <c>/tmp</c> until the result is disposed.</summary>
    /// <param name="path">The sandbox's root.</param>
    public static TemporaryFiles Fill(string path)
    {
        using var root = RootedDirectory.Open(path);
        if (root.Top.Find("tmp"u8) is not { Type: InodeType.Directory })
        {
            return new TemporaryFiles(null); // gVisor mounts nothing where there is no directory
        }

        var made = new TemporaryFiles(root.Top.OpenDirectory("tmp"u8));
        try
        {
            made._directory!.CreateFile(Name).Dispose();
        }
        catch (PosixException)
        {
            // It is there since a start that was cut off, or the disk is full of files, of which /tmp then has some.
        }

        return made;
    }

    public void Dispose()
    {
        if (_directory is null)
        {
            return;
        }

        try
        {
            _directory.Unlink(Name);
            _directory.Handle.SetModified(_modified); // or a snapshot would hold /tmp with another time
        }
        catch (PosixException)
        {
            // The sandbox runs already, and somebody in it was quicker.
        }

        _directory.Dispose();
    }
}
