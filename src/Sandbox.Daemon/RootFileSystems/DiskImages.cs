using System.Collections.Concurrent;
using System.Globalization;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.RootFileSystems;

/// <summary>
/// The disk and inode quota of a sandbox where the host's file system has none: a file system of its own in a sparse
/// file. It is made once per size and copied for each sandbox, since mkfs takes longer than the whole mount does; the
/// copy carries the few hundred kilobytes that are not holes.
/// </summary>
/// <remarks>
/// It has a journal only because ext4 without one looks at each inode that was freed in the last minutes before it gives out
/// another. Files that are made after as many others were removed would take ten times as long.
/// </remarks>
internal sealed class DiskImages(DaemonOptions options, Tool tool)
{
    private readonly ConcurrentDictionary<(long Bytes, long Inodes), Lazy<Task<string>>> _templates = new();

    private const int MostTemplates = 64;
    private const int JournalMiB = 4;

    private string Templates => Path.Combine(options.DataDirectory, "templates");

    /// <summary>Makes the image of a sandbox and mounts it at <paramref name="target"/>.</summary>
    public async Task MountAsync(string image, string target, long bytes, long inodes)
    {
        var template = await TemplateAsync(bytes, inodes);
        using (var from = File.OpenHandle(template))
        using (var to = File.OpenHandle(image, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            SparseCopy.Copy(from, to);
        }

        MountExisting(image, target);
    }

    /// <summary>Mounts an image that is there.</summary>
    public static void MountExisting(string image, string target)
    {
        var (device, path) = Mounting.AttachLoop(image);
        using (device)
        {
            // noinit_itable: else the kernel would write out every inode table in the background, for each sandbox.
            Mounting.Mount(path, target, "ext4", Mounting.NoDevice | Mounting.NoAccessTime, "noinit_itable,nodelalloc,barrier=0");
        }
    }

    /// <summary>Bytes that an image occupies on disk.</summary>
    public static long AllocatedBytes(string image) => SparseCopy.AllocatedBytes(image);

    private Task<string> TemplateAsync(long bytes, long inodes)
    {
        var made = _templates.GetOrAdd((bytes, inodes), key => new Lazy<Task<string>>(() => MakeTemplateAsync(key.Bytes, key.Inodes)));
        if (made.IsValueCreated && made.Value.IsFaulted)
        {
            _templates.TryRemove(new((bytes, inodes), made)); // the next caller tries again
        }

        return made.Value;
    }

    private void Forget(FileInfo template)
    {
        foreach (var key in _templates.Keys.Where(key => NameOf(key.Bytes, key.Inodes) == template.Name))
        {
            _templates.TryRemove(key, out _);
        }

        template.Delete();
    }

    private static string NameOf(long bytes, long inodes) => string.Create(CultureInfo.InvariantCulture, $"{bytes}-{inodes}-{JournalMiB}.ext4");

    private async Task<string> MakeTemplateAsync(long bytes, long inodes)
    {
        Directory.CreateDirectory(Templates);
        var path = Path.Combine(Templates, NameOf(bytes, inodes));
        if (File.Exists(path))
        {
            return path;
        }

        // One per plan is enough; requests for ever other sizes must not fill the disk.
        foreach (var old in new DirectoryInfo(Templates).GetFiles("*.ext4").OrderByDescending(file => file.LastWriteTimeUtc).Skip(MostTemplates - 1))
        {
            Forget(old);
        }

        var unfinished = path + ".new";
        File.Delete(unfinished);
        await tool.RunOrThrowAsync("mkfs.ext4", [
            "-q", "-F", "-m", "0", "-b", "4096", "-I", "256",
            "-N", (inodes + 64).ToString(CultureInfo.InvariantCulture), // the file system's own and our few directories
            "-J", string.Create(CultureInfo.InvariantCulture, $"size={JournalMiB}"),
            "-O", "^resize_inode", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0",
            unfinished, string.Create(CultureInfo.InvariantCulture, $"{(bytes >> 10) + (JournalMiB << 10)}k")]);

        // The journal orders no data: what is removed within seconds, as temporary files are, is never written to the host's disk.
        await tool.RunOrThrowAsync("tune2fs", ["-o", "journal_data_writeback", unfinished]);
        File.Move(unfinished, path, overwrite: true);
        return path;
    }
}
