using System.Runtime.InteropServices;

namespace Sandbox.Daemon.Files;

/// <summary>The owner of new files, as the host numbers them.</summary>
/// <param name="Base">The first id of the sandbox's range: its root.</param>
/// <param name="Uid">The user.</param>
/// <param name="Gid">The group.</param>
/// <param name="IsAsked">Whether a file that is replaced gets this owner too.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FileOwner(uint Base, uint Uid, uint Gid, bool IsAsked = false)
{
    /// <summary>The sandbox's root.</summary>
    public static FileOwner RootOf(uint uidBase) => new(uidBase, uidBase, uidBase);

    /// <summary>A user of the sandbox, as it numbers them.</summary>
    public static FileOwner Of(uint uidBase, uint uid, uint gid, bool isAsked = false) => new(uidBase, uidBase + uid, uidBase + gid, isAsked);
}
