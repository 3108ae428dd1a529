using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Volumes;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Volumes;

/// <summary>
/// The volumes of this host: each an ext4 file system in a sparse file, which bounds its bytes and files as that of a sandbox
/// does. Owners on it are those inside a sandbox, from 0; each sandbox sees it through a mount that maps them to its own uids.
/// </summary>
/// <remarks>
/// It has a journal, since it outlives the host's boot, and no barriers, as the disk of a sandbox: loops of <c>fsync</c> take
/// no turn of the host's disk from the neighbours. After a crash of the host it is checked before it is mounted.
/// <para>
/// The image is mounted anew for each sandbox. All these mounts are of one loop device, so of one file system in the kernel.
/// </para>
/// </remarks>
internal sealed partial class VolumeStore(VolumeRecords records, DaemonOptions options, Tool tool, ILogger<VolumeStore> logger)
{
    /// <summary>The directory of the file system that is mounted: <c>lost+found</c> stays outside, where no program expects it.</summary>
    private const string Files = "files";

    /// <summary>Exit codes of e2fsck(8) up to this one: nothing was wrong, or everything is repaired.</summary>
    private const int Repaired = 3;

    private readonly ConcurrentDictionary<VolumeId, VolumeRecord> _records = new();
    private readonly ConcurrentDictionary<VolumeId, SemaphoreSlim> _gates = new();

    public ICollection<VolumeRecord> All => _records.Values;

    /// <summary>The directory of the mounts.</summary>
    public string Mounts => Path.Combine(options.RunDirectory, "volumes");

    /// <summary>Reads the records, and removes what was half made or half deleted.</summary>
    public void Open()
    {
        Directory.CreateDirectory(Mounts);
        foreach (var record in records.Load())
        {
            _records[record.Id] = record;
        }
    }

    /// <summary>The volume's files as a sandbox sees them.</summary>
    public string MountOf(SandboxId sandbox, int index) => Path.Combine(Mounts, sandbox.Value, Name(index) + ".mount");

    /// <summary>The volume's files with the owners that they have on the disk.</summary>
    public string FilesOf(SandboxId sandbox, int index) => Path.Combine(Mounts, sandbox.Value, Name(index) + ".files");

    /// <summary>Refuses a volume of somebody else. Code: NotFound.</summary>
    public void RequireOwner(SandboxVolume volume, PersonId owner)
    {
        if (_records.TryGetValue(volume.Id, out var record) && record.Owner != owner)
        {
            throw new SandboxException(ErrorCode.NotFound, $"You have no volume '{volume.Name}'.");
        }
    }

    /// <summary>Bytes that may still be written to a volume, beyond those that its image has on the host's disk.</summary>
    public long PromisedBytes(SandboxVolume volume)
    {
        var image = records.ImageOf(volume.Id);
        var bytes = _records.TryGetValue(volume.Id, out var record) ? record.Bytes : volume.Bytes;
        return File.Exists(image) ? Math.Max(0, bytes - SparseCopy.AllocatedBytes(image)) : bytes;
    }

    /// <summary>Bytes that a volume's image has on the host's disk.</summary>
    public long AllocatedBytes(SandboxVolume volume) => records.ImageOf(volume.Id) is var image && File.Exists(image) ? SparseCopy.AllocatedBytes(image) : 0;

    /// <summary>Mounts a volume for a sandbox, and makes it first if it is new. Codes: Conflict (it is damaged), DiskFull.</summary>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="owner">The sandbox's owner, and that of a new volume.</param>
    /// <param name="volume">The volume.</param>
    /// <param name="index">Its place in the sandbox's spec.</param>
    /// <param name="userNamespace">The sandbox's user namespace.</param>
    /// <param name="first">Owner, in the sandbox, and mode of the top directory of a new volume.</param>
    public async Task AttachAsync(SandboxId sandbox, PersonId owner, SandboxVolume volume, int index, SafeFileHandle userNamespace, Ownership first)
    {
        using var turn = await EnterAsync(volume.Id);
        if (!_records.TryGetValue(volume.Id, out var record))
        {
            record = await MakeAsync(volume, owner);
        }

        var image = records.ImageOf(volume.Id);
        if (record.MountedIn is not null && record.MountedIn != ProcessIdentity.BootId)
        {
            await CheckAsync(volume, image);
        }

        records.Save(_records[volume.Id] = record with { MountedIn = ProcessIdentity.BootId });
        var disk = Path.Combine(Mounts, sandbox.Value, Name(index) + ".disk");
        var (files, mount) = (FilesOf(sandbox, index), MountOf(sandbox, index));
        foreach (var path in (ReadOnlySpan<string>)[disk, files, mount])
        {
            Directory.CreateDirectory(path);
        }

        var (device, name) = Mounting.FindLoop(image) ?? Mounting.AttachLoop(image);
        using (device)
        {
            Mounting.Mount(name, disk, "ext4", Mounting.NoDevice | Mounting.NoSetUid | Mounting.NoAccessTime, "noinit_itable,nodelalloc,barrier=0,errors=remount-ro");
        }

        try
        {
            var top = Path.Combine(disk, Files);
            if (!Directory.Exists(top))
            {
                MakeTop(disk, top, first);
            }

            Mounting.MountCopy(top, files, null, volume.ReadOnly);
            Mounting.MountCopy(top, mount, userNamespace, volume.ReadOnly);
        }
        finally
        {
            Mounting.Unmount(disk);
            Directory.Delete(disk);
        }
    }

    /// <summary>Undoes <see cref="AttachAsync"/> for all volumes of a sandbox, also if only a part of it was done.</summary>
    public async Task DetachAsync(SandboxId sandbox, IReadOnlyList<SandboxVolume> volumes, Func<VolumeId, bool> isElsewhere)
    {
        for (var index = 0; index < volumes.Count; index++)
        {
            var volume = volumes[index];
            using var turn = await EnterAsync(volume.Id);
            var files = FilesOf(sandbox, index);
            if (_records.TryGetValue(volume.Id, out var record) && Use(files) is var (bytes, count))
            {
                if (!volume.ReadOnly)
                {
                    Mounting.Trim(files); // gives the host the room of deleted files
                }

                records.Save(_records[volume.Id] = record with { UsedBytes = bytes, Files = count, MountedIn = isElsewhere(volume.Id) ? record.MountedIn : null });
            }

            foreach (var path in (ReadOnlySpan<string>)[MountOf(sandbox, index), files, Path.Combine(Mounts, sandbox.Value, Name(index) + ".disk")])
            {
                RemoveMount(path);
            }
        }

        var directory = Path.Combine(Mounts, sandbox.Value);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory);
        }
    }

    /// <summary>Unmounts what belongs to no living sandbox.</summary>
    public void RemoveOrphans(IReadOnlySet<SandboxId> living, IEnumerable<string> mounted)
    {
        foreach (var mount in mounted.Reverse().Where(path => !living.Any(id => path.StartsWith(Path.Combine(Mounts, id.Value) + "/", StringComparison.Ordinal))))
        {
            Mounting.Unmount(mount);
        }

        foreach (var directory in Directory.GetDirectories(Mounts).Where(path => !SandboxId.TryParse(Path.GetFileName(path), out var id) || !living.Contains(id)))
        {
            foreach (var mount in Directory.GetDirectories(directory))
            {
                RemoveMount(mount);
            }

            Directory.Delete(directory);
        }
    }

    /// <summary>Bytes and files of an attached volume; null if it is not mounted there.</summary>
    public static (long Bytes, long Count)? Use(string files)
    {
        if (!Directory.Exists(files))
        {
            return null;
        }

        using var directory = RootedDirectory.Open(files);
        using var parent = RootedDirectory.Open(Path.GetDirectoryName(files)!);
        if (directory.Top.Handle.Identity().Minor == parent.Top.Handle.Identity().Minor && directory.Top.Handle.Identity().Major == parent.Top.Handle.Identity().Major)
        {
            return null;
        }

        var (bytes, count) = directory.Top.Handle.FileSystemUse();
        return (Math.Max(0, bytes - EmptyBytes), Math.Max(0, count - EmptyFiles));
    }

    /// <summary>Takes a volume off the list; its files are deleted by <see cref="DeleteAsync"/>.</summary>
    public bool Forget(VolumeId id) => _records.TryRemove(id, out _);

    /// <summary>Deletes the files of a volume that is off the list.</summary>
    public async Task DeleteAsync(VolumeId id)
    {
        using var turn = await EnterAsync(id);
        if (!_records.ContainsKey(id) && Directory.Exists(records.DirectoryOf(id)))
        {
            records.Delete(id);
        }

        _gates.TryRemove(id, out _);
    }

    /// <summary>What mkfs and the top directory use: <c>lost+found</c> is four blocks, the top one; eleven inodes are the file system's own.</summary>
    private const long EmptyBytes = 20 * 1024;

    /// <inheritdoc cref="EmptyBytes"/>
    private const long EmptyFiles = 12;

    private static string Name(int index) => index.ToString(CultureInfo.InvariantCulture);

    /// <summary>Deletes a mount point, never what is mounted on it: a directory with files in it stays, and this throws.</summary>
    private static void RemoveMount(string path)
    {
        Mounting.Unmount(path);
        if (Directory.Exists(path))
        {
            Directory.Delete(path);
        }
    }

    private static void MakeTop(string disk, string top, Ownership first)
    {
        // Under its name only once it is complete: a daemon may be killed in between.
        var unfinished = Path.Combine(disk, Files + ".new");
        Directory.CreateDirectory(unfinished);
        using (var directory = RootedDirectory.Open(unfinished))
        {
            directory.Top.Handle.SetOwner(first.Uid, first.Gid);
            directory.Top.Handle.SetMode(first.Mode);
        }

        Directory.Move(unfinished, top);
    }

    private async Task<VolumeRecord> MakeAsync(SandboxVolume volume, PersonId owner)
    {
        var image = records.ImageOf(volume.Id);
        var record = new VolumeRecord { Id = volume.Id, Owner = owner, Bytes = volume.Bytes };
        if (Directory.Exists(records.DirectoryOf(volume.Id)))
        {
            Directory.Delete(records.DirectoryOf(volume.Id), recursive: true);
        }

        Directory.CreateDirectory(records.DirectoryOf(volume.Id));
        await tool.RunOrThrowAsync("mkfs.ext4", [
            "-q", "-F", "-m", "0", "-b", "4096", "-I", "256",
            "-N", (VolumeRules.FilesOf(volume.Bytes) + EmptyFiles).ToString(CultureInfo.InvariantCulture),
            "-J", "size=4", "-O", "^resize_inode", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0",
            image, $"{volume.Bytes / 1024}k"]);
        records.Save(record);
        return _records[volume.Id] = record;
    }

    private async Task CheckAsync(SandboxVolume volume, string image)
    {
        var check = await tool.RunAsync("e2fsck", ["-f", "-y", image]);
        LogChecked(logger, volume.Id, check.ExitCode);
        if (check.ExitCode > Repaired)
        {
            throw new SandboxException(ErrorCode.Conflict, $"The volume '{volume.Name}' was damaged when the host broke down, and cannot be repaired. Ask the operator, or delete it.");
        }
    }

    private async Task<Turn> EnterAsync(VolumeId id)
    {
        var gate = _gates.GetOrAdd(id, static _ => new SemaphoreSlim(1, 1));
        await gate.WaitAsync();
        return new Turn(gate);
    }

    private readonly record struct Turn(SemaphoreSlim Gate) : IDisposable
    {
        public void Dispose() => Gate.Release();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "volume {Volume} was mounted when the host went down; e2fsck ended with {ExitCode}")]
    private static partial void LogChecked(ILogger logger, VolumeId volume, int exitCode);
}
