using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;

namespace Sandbox.Daemon.Snapshots;

/// <summary>
/// Turns the host's numbers of owners into those of a sandbox: of the file itself, and where attributes carry them.
/// With a range that begins at 0 the numbers stay, as in an unpacked layer.
/// </summary>
internal sealed class SandboxOwners(uint first)
{
    private const string Capability = "security.capability";
    private const string AccessList = "system.posix_acl_access";
    private const string DefaultAccessList = "system.posix_acl_default";

    /// <summary>Whether an owner is in the sandbox's range; files that the daemon is still writing belong to the host's root.</summary>
    public bool Contains(InodeStatus status) => Contains(status.Uid) && Contains(status.Gid);

    /// <summary>An owner as the sandbox sees it.</summary>
    public long Inside(uint id) => id - first;

    /// <summary>The attributes that an image carries, by name. Those of overlayfs and of the host's security modules are not among them.</summary>
    public IReadOnlyList<(string Name, byte[] Value)> Attributes(SafeFileHandle inode, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            return [];
        }

        List<(string, byte[])>? attributes = null;
        foreach (var name in names.Where(IsKept).Order(StringComparer.Ordinal))
        {
            if (inode.ReadAttribute(name) is { } value)
            {
                (attributes ??= []).Add((name, name switch
                {
                    Capability => RebaseCapability(value),
                    AccessList or DefaultAccessList => RebaseAccessList(value),
                    _ => value,
                }));
            }
        }

        return attributes ?? [];
    }

    private static bool IsKept(string name) =>
        name is Capability or AccessList or DefaultAccessList || name.StartsWith("user.", StringComparison.Ordinal);

    private bool Contains(uint id) => id >= first && id - first < UidRange.Length;

    /// <summary>
    /// <c>struct vfs_ns_cap_data</c>: magic_etc 4, permitted and inheritable 2 × 8, rootid 4. Revision 3 names the user
    /// namespace's root by its host uid; revision 2 is the same without it, for root itself.
    /// https://man7.org/linux/man-pages/man7/capabilities.7.html (Namespaced file capabilities)
    /// </summary>
    private byte[] RebaseCapability(byte[] value)
    {
        const uint revisionMask = 0xFF000000;
        const uint revision2 = 0x02000000;
        const uint revision3 = 0x03000000;
        if (value.Length != 24)
        {
            return value;
        }

        var magic = BinaryPrimitives.ReadUInt32LittleEndian(value);
        var root = BinaryPrimitives.ReadUInt32LittleEndian(value.AsSpan(20));
        if ((magic & revisionMask) != revision3 || !Contains(root))
        {
            return value;
        }

        if (root == first)
        {
            value = value[..20];
            BinaryPrimitives.WriteUInt32LittleEndian(value, (magic & ~revisionMask) | revision2);
            return value;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(20), root - first);
        return value;
    }

    /// <summary>
    /// <c>struct posix_acl_xattr_header</c> (version 4) and entries of tag 2, permissions 2, id 4; only entries for a
    /// named user or group have an id. https://man7.org/linux/man-pages/man5/acl.5.html
    /// </summary>
    private byte[] RebaseAccessList(byte[] value)
    {
        const int user = 0x02;
        const int group = 0x08;
        for (var at = 4; at + 8 <= value.Length; at += 8)
        {
            var id = BinaryPrimitives.ReadUInt32LittleEndian(value.AsSpan(at + 4));
            if (BinaryPrimitives.ReadUInt16LittleEndian(value.AsSpan(at)) is user or group && Contains(id))
            {
                BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(at + 4), id - first);
            }
        }

        return value;
    }
}
