using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Linux;

/// <summary>Mounts and loop devices: thin names over the system calls.</summary>
internal static partial class Mounting
{
    private const int AtFdCwd = -100;
    private const int AtEmptyPath = 0x1000;
    private const int OpenTreeClone = 1;
    private const int OpenTreeCloexec = 0x80000;
    private const int MoveMountFromEmptyPath = 4;
    private const ulong AttrReadOnly = 0x1;
    private const ulong AttrNoSuid = 0x2;
    private const ulong AttrNoDev = 0x4;
    private const ulong AttrIdmap = 0x100000;
    private const int SysOpenTree = 428;
    private const int SysMoveMount = 429;
    private const int SysMountSetAttr = 442;
    private const int SysNewFStatAt = 262;
    private const int CloneFs = 0x200;
    private const int CloneNewNs = 0x20000;
    private const nuint LoopControlGetFree = 0x4C82;
    private const nuint LoopConfigure = 0x4C0A;
    private const nuint LoopGetStatus = 0x4C05;
    private const nuint FileSystemTrim = 0xC0185879;
    private const int LoopFlagAutoclear = 4;
    private const int Ebusy = 16;
    private const int Detach = 2;
    private const int NoFollow = 8;

    private static readonly Lock LoopLock = new();

    /// <summary><c>nosuid</c> would break sudo inside; the user namespace already makes set-uid bits of the host's users worthless there.</summary>
    public const ulong NoDevice = 4;

    /// <summary><c>MS_NOSUID</c>.</summary>
    public const ulong NoSetUid = 2;

    /// <summary><c>MS_RDONLY</c>.</summary>
    public const ulong ReadOnly = 1;

    /// <summary><c>MS_NOATIME</c>.</summary>
    public const ulong NoAccessTime = 1024;

    /// <summary>
    /// A read-only copy of the mount at <paramref name="source"/>, moved to <paramref name="target"/>, on which owners
    /// are mapped by the user namespace: uid 0 on disk appears as the range's first uid. No file is touched.
    /// https://man7.org/linux/man-pages/man2/mount_setattr.2.html
    /// </summary>
    public static void MountIdmapped(string source, string target, SafeFileHandle userNamespace) =>
        MountCopy(source, target, AttrReadOnly | AttrNoDev, userNamespace);

    /// <summary>
    /// The same for a directory that may be written to. Set-uid bits have no effect on it, and without a user namespace owners
    /// stay as they are.
    /// </summary>
    public static void MountCopy(string source, string target, SafeFileHandle? userNamespace, bool readOnly) =>
        MountCopy(source, target, AttrNoDev | AttrNoSuid | (readOnly ? AttrReadOnly : 0), userNamespace);

    private static unsafe void MountCopy(string source, string target, ulong attributesToSet, SafeFileHandle? userNamespace)
    {
        fixed (byte* from = Utf8(source), to = Utf8(target), empty = "\0"u8)
        {
            using var tree = new SafeFileHandle(
                (nint)Native.Check((int)Native.SysCall(SysOpenTree, AtFdCwd, (nint)from, OpenTreeClone | OpenTreeCloexec, 0, 0), "open_tree"), ownsHandle: true);
            var attributes = new MountAttributes { Set = attributesToSet };
            if (userNamespace is not null)
            {
                attributes.Set |= AttrIdmap;
                attributes.UserNamespace = (ulong)userNamespace.DangerousGetHandle();
            }

            Native.Check((int)Native.SysCall(SysMountSetAttr, tree.DangerousGetHandle(), (nint)empty, AtEmptyPath, (nint)(&attributes), sizeof(MountAttributes)), "mount_setattr");
            Native.Check((int)Native.SysCall(SysMoveMount, tree.DangerousGetHandle(), (nint)empty, AtFdCwd, (nint)to, MoveMountFromEmptyPath), "move_mount");
        }
    }

    /// <summary>The owner of a directory on a mount of it that is mapped by the user namespace, and has no place in the tree.</summary>
    public static unsafe uint OwnerThrough(string directory, SafeFileHandle userNamespace)
    {
        var status = stackalloc byte[144]; // struct stat of x86-64: st_uid is at 28
        fixed (byte* from = Utf8(directory), empty = "\0"u8)
        {
            using var tree = new SafeFileHandle(
                (nint)Native.Check((int)Native.SysCall(SysOpenTree, AtFdCwd, (nint)from, OpenTreeClone | OpenTreeCloexec, 0, 0), "open_tree"), ownsHandle: true);
            var attributes = new MountAttributes { Set = AttrReadOnly | AttrIdmap, UserNamespace = (ulong)userNamespace.DangerousGetHandle() };
            Native.Check((int)Native.SysCall(SysMountSetAttr, tree.DangerousGetHandle(), (nint)empty, AtEmptyPath, (nint)(&attributes), sizeof(MountAttributes)), "mount_setattr");
            Native.Check((int)Native.SysCall(SysNewFStatAt, tree.DangerousGetHandle(), (nint)empty, (nint)status, AtEmptyPath, 0), "newfstatat");
        }

        return *(uint*)(status + 28);
    }

    /// <summary>mount(2).</summary>
    public static void Mount(string source, string target, string type, ulong flags, string data) =>
        Native.Check(MountCall(source, target, type, flags, data), $"mount {type}");

    /// <summary>Unmounts: the mount leaves the tree at once, and ends with its last user. Does nothing if nothing is mounted.</summary>
    public static void Unmount(string target) => _ = UnmountCall(target, Detach | NoFollow);

    /// <summary>
    /// Runs <paramref name="work"/> on a thread of its own whose working directory is <paramref name="directory"/>, the
    /// process's staying as it is. Overlay takes all its lower directories in one page of text: relative names keep
    /// an image of a hundred layers inside it.
    /// </summary>
    public static Task InDirectoryAsync(string directory, Action work) =>
        Task.Factory.StartNew(
            () =>
            {
                Native.Check(Unshare(CloneFs), "unshare");
                Native.Check(ChangeDirectory(directory), "chdir");
                work();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.RunContinuationsAsynchronously, // continuations run in the process's directory
            TaskScheduler.Default);

    /// <summary>
    /// A copy of this process's mount namespace without the mounts that <paramref name="isLeftOut"/> is true for, by place
    /// and source. It lasts as long as the handle, and as what was started in it.
    /// </summary>
    public static SafeFileHandle CopyNamespace(Func<string, string, bool> isLeftOut)
    {
        SafeFileHandle? copy = null;
        var work = Task.Factory.StartNew(
            () =>
            {
                Native.Check(Unshare(CloneFs | CloneNewNs), "unshare");
                foreach (var place in Mounts().Where(mount => isLeftOut(mount.Place, mount.Source)).Select(mount => mount.Place).Reverse().ToList())
                {
                    Unmount(place);
                }

                copy = File.OpenHandle("/proc/thread-self/ns/mnt");
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        work.GetAwaiter().GetResult();
        return copy!;
    }

    /// <summary>
    /// Takes the calling thread, for good, into a copy of a namespace, with copies of these mounts at their places. Nothing
    /// but what this thread starts is there.
    /// </summary>
    public static unsafe void EnterCopy(SafeFileHandle mountNamespace, IReadOnlyList<string> mounts)
    {
        var trees = new List<SafeFileHandle>();
        try
        {
            foreach (var mount in mounts)
            {
                fixed (byte* from = Utf8(mount))
                {
                    trees.Add(new SafeFileHandle(
                        (nint)Native.Check((int)Native.SysCall(SysOpenTree, AtFdCwd, (nint)from, OpenTreeClone | OpenTreeCloexec, 0, 0), "open_tree"), ownsHandle: true));
                }
            }

            Native.Check(Unshare(CloneFs), "unshare");
            Native.Check(Native.SetNamespace(mountNamespace, CloneNewNs), "setns");
            Native.Check(Unshare(CloneNewNs), "unshare");
            for (var index = 0; index < trees.Count; index++)
            {
                fixed (byte* to = Utf8(mounts[index]), empty = "\0"u8)
                {
                    Native.Check((int)Native.SysCall(SysMoveMount, trees[index].DangerousGetHandle(), (nint)empty, AtFdCwd, (nint)to, MoveMountFromEmptyPath), "move_mount");
                }
            }
        }
        finally
        {
            trees.ForEach(tree => tree.Dispose());
        }
    }

    /// <summary>Places and sources in the namespace of the calling thread, in the order in which they were mounted. proc_pid_mountinfo(5)</summary>
    public static IEnumerable<(string Place, string Source)> Mounts()
    {
        foreach (var line in File.ReadLines("/proc/thread-self/mountinfo"))
        {
            var words = line.Split(' ');
            var separator = Array.IndexOf(words, "-", 6);
            yield return (Unescape(words[4]), Unescape(words[separator + 2]));
        }
    }

    // The kernel writes a space, a tab, an end of line and a backslash in octal.
    private static string Unescape(string text) => text
        .Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
        .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);

    /// <summary>
    /// Binds a loop device to a file; the device frees itself with its last user. Two callers can get the same free
    /// device, so the loser tries again. https://man7.org/linux/man-pages/man4/loop.4.html
    /// </summary>
    /// <returns>The device, kept open so that it is not freed before it is mounted, and its path.</returns>
    public static unsafe (SafeFileHandle Device, string Path) AttachLoop(string file)
    {
        using var backing = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using var control = File.OpenHandle("/dev/loop-control", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        lock (LoopLock)
        {
            for (var attempt = 0; attempt < 64; attempt++)
            {
                var number = Native.Check(Ioctl(control, LoopControlGetFree, null), "LOOP_CTL_GET_FREE");
                var path = $"/dev/loop{number}";
                var device = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
                var config = new LoopConfig { Fd = (uint)backing.DangerousGetHandle(), BlockSize = 4096, Flags = LoopFlagAutoclear };
                if (Ioctl(device, LoopConfigure, &config) == 0)
                {
                    return (device, path);
                }

                var error = Marshal.GetLastPInvokeError();
                device.Dispose();
                if (error != Ebusy)
                {
                    throw new IOException($"LOOP_CONFIGURE: {Marshal.GetPInvokeErrorMessage(error)}", error);
                }
            }
        }

        throw new IOException("no free loop device");
    }

    /// <summary>
    /// The loop device that is bound to a file already, or null. A second one would be a second file system over the same
    /// blocks. While the device is open it keeps its file, so its answer stays true.
    /// </summary>
    public static unsafe (SafeFileHandle Device, string Path)? FindLoop(string file)
    {
        using var backing = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var (major, minor, inode) = backing.Identity();
        var number = ((ulong)major << 8) | (minor & 0xff) | ((ulong)(minor & ~0xffu) << 12); // the kernel's huge_encode_dev
        foreach (var directory in Directory.GetDirectories("/sys/block", "loop*").Where(path => Directory.Exists(path + "/loop")))
        {
            var path = "/dev/" + Path.GetFileName(directory);
            var device = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            var status = default(LoopStatus);
            if (Ioctl(device, LoopGetStatus, &status) == 0 && status.Device == number && status.Inode == inode)
            {
                return (device, path);
            }

            device.Dispose();
        }

        return null;
    }

    /// <summary>Punches the room of deleted files out of the image below a mount. Without effect where that does not work.</summary>
    public static unsafe void Trim(string mount)
    {
        using var directory = RootedDirectory.Open(mount);
        using var opened = directory.Top.Handle.Reopen();
        var range = new TrimRange { Length = ulong.MaxValue };
        _ = Ioctl(opened, FileSystemTrim, &range);
    }

    private static byte[] Utf8(string text) => [.. System.Text.Encoding.UTF8.GetBytes(text), 0];

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountCall(string source, string target, string type, ulong flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnmountCall(string target, int flags);

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "chdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeDirectory(string path);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int Ioctl(SafeFileHandle file, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChownCall(string path, uint uid, uint gid);

    /// <summary>chown(2) of a path that only this daemon can write to.</summary>
    public static void Chown(string path, uint uid, uint gid) => Native.Check(ChownCall(path, uid, gid), "chown");

    [StructLayout(LayoutKind.Sequential)]
    private struct MountAttributes
    {
        public ulong Set;
        public ulong Clear;
        public ulong Propagation;
        public ulong UserNamespace;
    }

    /// <summary>The beginning of <c>struct loop_info64</c>.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 232)]
    private struct LoopStatus
    {
        [FieldOffset(0)]
        public ulong Device;

        [FieldOffset(8)]
        public ulong Inode;
    }

    /// <summary><c>struct fstrim_range</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct TrimRange
    {
        public ulong Start;
        public ulong Length;
        public ulong LeastLength;
    }

    /// <summary><c>struct loop_config</c> with its <c>struct loop_info64</c> laid flat: 304 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 304)]
    private struct LoopConfig
    {
        [FieldOffset(0)]
        public uint Fd;

        [FieldOffset(4)]
        public uint BlockSize;

        [FieldOffset(8 + 52)] // loop_info64.lo_flags
        public int Flags;
    }
}
