using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Daemon.Files;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// File systems that are mounted inside a sandbox only: its <c>/dev</c>, <c>/proc</c>, <c>/sys</c> and what its class adds.
/// From outside, other directories lie below their names, so a file call there would read or write something that no
/// program in the sandbox sees. They are refused; a command in the sandbox reaches them.
/// </summary>
internal static class InnerMounts
{
    /// <summary>Refuses a path on one of them, also one that leads there by links. Code: Invalid.</summary>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="path">The path of a call.</param>
    /// <param name="followsLast">Whether the call follows a link at the end of the path.</param>
    public static void Refuse(LiveSandbox sandbox, SandboxPath path, bool followsLast = true)
    {
        var isolation = IsolationClasses.Find(sandbox.Record.Isolation);
        IReadOnlyList<string> mounts = [.. isolation.Mounts(sandbox.Record.Spec.Limits).Select(mount => mount.Destination), .. isolation.DiskDirectories];
        IReadOnlyList<string> volumes = [.. sandbox.Volumes.Select(tree => tree.Volume!.Path)];
        if (volumes.Count > 0 && MountOf(volumes, Resolved(sandbox.Root.Root, path, followsLast)) is { } volume)
        {
            throw new SandboxException(ErrorCode.Invalid, $"{path} leads to {volume}, where a volume is mounted. Use the path there.");
        }

        if ((MountOf(mounts, path.Bytes) ?? MountOf(mounts, Resolved(sandbox.Root.Root, path, followsLast))) is { } mount)
        {
            throw new SandboxException(ErrorCode.Invalid, $"{path} is on {mount}, a file system that exists only inside the sandbox while it runs. Use a command there, for example cat or cp.");
        }
    }

    private static string? MountOf(IReadOnlyList<string> mounts, ReadOnlySpan<byte> path)
    {
        foreach (var mount in mounts)
        {
            var prefix = Encoding.UTF8.GetBytes(mount);
            if (path.StartsWith(prefix) && (path.Length == prefix.Length || path[prefix.Length] == (byte)'/'))
            {
                return mount;
            }
        }

        return null;
    }

    /// <summary>Where a path leads in the sandbox's root now; empty when it leads to nothing.</summary>
    private static byte[] Resolved(string root, SandboxPath path, bool followsLast)
    {
        try
        {
            using var rooted = SandboxFiles.OpenRoot(root);
            if (followsLast && rooted.Find(path.Bytes, followLast: true) is not null)
            {
                using var inode = rooted.OpenInode(path.Bytes, followLast: true);
                return Within(root, inode.KernelPath());
            }

            if (path.Bytes.Length == 1)
            {
                return [];
            }

            using var parent = rooted.OpenParent(path.Bytes, out var name);
            return [.. Within(root, parent.Handle.KernelPath()), (byte)'/', .. name];
        }
        catch (PosixException)
        {
            return [];
        }
    }

    private static byte[] Within(string root, byte[] kernelPath) => kernelPath.AsSpan().StartsWith(Encoding.UTF8.GetBytes(root)) ? kernelPath[Encoding.UTF8.GetByteCount(root)..] : [];
}
