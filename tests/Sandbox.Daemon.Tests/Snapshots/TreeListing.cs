using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Tests.Snapshots;

/// <summary>
/// Every file of a tree, a line each: path, kind, mode, owner, time, size, digest of the content, where a link leads, its
/// attributes, and the first of its names. Two trees are identical when their listings are.
/// </summary>
internal static class TreeListing
{
    /// <param name="root">The tree.</param>
    /// <param name="first">The host's number of the tree's own root.</param>
    /// <param name="without">Paths to leave out, as <c>/etc/hosts</c>.</param>
    public static IReadOnlyList<string> Of(string root, uint first = 0, params string[] without)
    {
        using var top = RootedDirectory.Open(root);
        var lines = new List<string>();
        var names = new Dictionary<ulong, string>();
        Directory(top.Top, "");
        return lines;

        void Directory(DirectoryHandle directory, string path)
        {
            foreach (var (name, _) in directory.List().OrderBy(entry => Convert.ToHexString(entry.Name), StringComparer.Ordinal).ToList())
            {
                using var inode = directory.OpenInode(name);
                var full = $"{path}/{Encoding.Latin1.GetString(name)}";
                if (without.Contains(full, StringComparer.Ordinal))
                {
                    continue;
                }

                lines.Add(Line(full, inode, first, names));
                if (inode.Status().Type == InodeType.Directory)
                {
                    using var below = directory.OpenDirectory(name);
                    Directory(below, full);
                }
            }
        }
    }

    private static string Line(string path, SafeFileHandle inode, uint first, Dictionary<ulong, string> names)
    {
        var status = inode.Status();
        var content = "-";
        if (status.Type == InodeType.File)
        {
            using var file = inode.Reopen();
            using var stream = new FileStream(new SafeFileHandle(file.DangerousGetHandle(), ownsHandle: false), FileAccess.Read);
            content = Convert.ToHexStringLower(SHA256.HashData(stream));
        }

        var target = status.Type == InodeType.Symlink ? Encoding.Latin1.GetString(inode.ReadLink()) : "-";
        var attributes = string.Join(',', inode.ListAttributes().Where(name => !name.StartsWith("trusted.", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(name => $"{name}={Convert.ToHexStringLower(Value(inode, name, first))}"));
        var link = "-";
        if (status.Type == InodeType.File && status.Links > 1)
        {
            link = names.GetValueOrDefault(status.Inode, path);
            names[status.Inode] = link;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{path} {status.Type} {Convert.ToString(status.Mode, 8)} {status.Uid - first}:{status.Gid - first} {status.Modified.ToUnixTimeSeconds()} {(status.Type == InodeType.File ? status.Size : 0)} {content} {target} [{attributes}] {link}");
    }

    // What names an owner by number is said relative to the tree's root.
    private static byte[] Value(SafeFileHandle inode, string name, uint first)
    {
        var value = inode.ReadAttribute(name) ?? [];
        if (name == "security.capability" && value.Length == 24 && BitConverter.ToUInt32(value, 20) == first)
        {
            value = [0, 0, 0, 0, .. value[4..20]]; // with or without a root of its own namespace: the same capabilities
        }
        else if (name == "security.capability" && value.Length == 20)
        {
            value = [0, 0, 0, 0, .. value[4..]];
        }
        else if (name.StartsWith("system.posix_acl_", StringComparison.Ordinal))
        {
            // After a version, entries of a tag, permissions and an id, which only those of a named user (2) or group (8) have.
            for (var at = 4; at + 8 <= value.Length; at += 8)
            {
                if (BitConverter.ToUInt16(value, at) is 2 or 8)
                {
                    BitConverter.GetBytes(BitConverter.ToUInt32(value, at + 4) - first).CopyTo(value, at + 4);
                }
            }
        }

        return value;
    }
}
