using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;

namespace Sandbox.Daemon.RootFileSystems;

/// <summary>
/// A sandbox's root: the image's layers, shared by all and seen through the sandbox's own uids, under a layer of its
/// own that lies on a disk of its own.
/// </summary>
/// <remarks>
/// Two mounts stay per sandbox, the disk and the overlay. Overlay keeps private copies of its lower mounts, so the
/// idmapped ones are unmounted again at once: every mount of the host is copied into each new sandbox before it is
/// dropped there, so the number of mounts slows down launches on a full host.
/// <para>
/// The overlay is volatile and the disk has no barriers: nothing a sandbox writes outlives the host's kernel, so
/// <c>fsync</c> has nothing to wait for, and loops of it take no turn of the host's disk from the neighbours.
/// https://docs.kernel.org/filesystems/overlayfs.html#volatile-mount
/// </para>
/// </remarks>
internal sealed class RootFileSystem
{
    private readonly string _disk;

    /// <param name="mountDirectory">The directory of the sandbox's mounts, below the run directory.</param>
    /// <param name="dataDirectory">The directory of its disk image, below the data directory.</param>
    public RootFileSystem(string mountDirectory, string dataDirectory)
    {
        Mounts = mountDirectory;
        _disk = Path.Combine(dataDirectory, "disk.ext4");
    }

    /// <summary>The sandbox's <c>/</c>.</summary>
    public string Root => Path.Combine(Mounts, "root");

    /// <summary>The image file that holds everything the sandbox wrote.</summary>
    public string Disk => _disk;

    /// <summary>The overlay's upper directory, which holds all changes of the sandbox.</summary>
    public string Changes => Path.Combine(Upper, "files");

    /// <summary>A directory of the disk that is mounted over <paramref name="path"/> of the root.</summary>
    public string OnDisk(string path) => Path.Combine(Upper, "directories", path.Trim('/').Replace('/', '-'));

    /// <summary>Its mounts, for the runtime that starts it.</summary>
    public IReadOnlyList<string> AllMounts => [Upper, Root];

    private string Mounts { get; }

    private string Upper => Path.Combine(Mounts, "disk");

    private string Lowers => Path.Combine(Mounts, "layers");

    /// <summary>Makes the disk and mounts it. Needs no user namespace yet.</summary>
    public async Task PrepareAsync(DiskImages disks, long diskBytes, long inodes)
    {
        Directory.CreateDirectory(Upper);
        Directory.CreateDirectory(Root);
        await disks.MountAsync(_disk, Upper, diskBytes, inodes);
    }

    /// <summary>Mounts the root over a prepared disk.</summary>
    public Task MountAsync(IReadOnlyList<string> layers, UidRange range, SafeFileHandle userNamespace)
    {
        foreach (var name in (ReadOnlySpan<string>)["files", "work"])
        {
            var path = Path.Combine(Upper, name);
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
            Mounting.Chown(path, range.First, range.First);
        }

        CopyRoot(layers[0], range);
        Directory.CreateDirectory(Lowers);
        return Mounting.InDirectoryAsync(Lowers, () =>
        {
            try
            {
                for (var i = 0; i < layers.Count; i++)
                {
                    var name = i.ToString(CultureInfo.InvariantCulture);
                    Directory.CreateDirectory(Path.Combine(Lowers, name));
                    Mounting.MountIdmapped(layers[i], name, userNamespace);
                }

                var lower = string.Join(':', Enumerable.Range(0, layers.Count).Select(i => i.ToString(CultureInfo.InvariantCulture)));
                Mounting.Mount("overlay", Root, "overlay", Mounting.NoDevice, $"lowerdir={lower},upperdir={Upper}/files,workdir={Upper}/work,redirect_dir=off,metacopy=off,index=off,volatile");
            }
            finally
            {
                UnmountLowers(layers.Count);
            }
        });
    }

    /// <summary>Makes the directories of the disk that are mounted over paths of the root.</summary>
    public void MakeOnDisk(IReadOnlyList<string> paths, UidRange range)
    {
        foreach (var path in paths.Select(OnDisk))
        {
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Mounting.Chown(path, range.First, range.First);
        }
    }

    /// <summary>Undoes <see cref="MountAsync"/> and <see cref="PrepareAsync"/>, also if only a part of it exists.</summary>
    public void Remove()
    {
        Mounting.Unmount(Root);
        if (Directory.Exists(Lowers))
        {
            UnmountLowers(Directory.GetDirectories(Lowers).Length);
        }

        Mounting.Unmount(Upper);
        File.Delete(_disk);
        if (Directory.Exists(Mounts))
        {
            Directory.Delete(Mounts, recursive: true);
        }
    }

    // The root of an overlay is its upper directory's.
    private void CopyRoot(string layer, UidRange range)
    {
        using var image = RootedDirectory.Open(layer);
        using var changes = RootedDirectory.Open(Changes);
        var status = image.Top.Handle.Status();
        changes.Top.Handle.SetOwner(range.First + status.Uid, range.First + status.Gid);
        changes.Top.Handle.SetMode(status.Mode);
        changes.Top.Handle.SetModified(status.Modified); // or a snapshot would say when the sandbox was launched
    }

    private void UnmountLowers(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var path = Path.Combine(Lowers, i.ToString(CultureInfo.InvariantCulture));
            Mounting.Unmount(path);
            Directory.Delete(path);
        }
    }
}
