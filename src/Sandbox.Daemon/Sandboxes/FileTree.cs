using System.Text;
using Sandbox.Core.Files;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Files;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>A tree of files that calls reach: the sandbox's own, or a volume in it.</summary>
/// <param name="Root">Its directory on the host.</param>
/// <param name="UidBase">The host's number of uid 0 in it. On a volume owners stand as the sandbox sees them.</param>
/// <param name="Uploads">Uploads in parts to it.</param>
/// <param name="Volume">The volume; null for the sandbox's own files.</param>
internal sealed record FileTree(string Root, uint UidBase, SandboxUploads Uploads, SandboxVolume? Volume)
{
    /// <summary>Whether a path of the sandbox is in this volume.</summary>
    /// <param name="path">The path.</param>
    /// <param name="inside">The path in the volume.</param>
    public bool Holds(SandboxPath path, out SandboxPath inside)
    {
        inside = path;
        var mount = Encoding.UTF8.GetBytes(Volume?.Path ?? "/");
        if (Volume is null || !path.Bytes.StartsWith(mount) || (path.Bytes.Length > mount.Length && path.Bytes[mount.Length] != (byte)'/'))
        {
            return false;
        }

        return path.Bytes.Length == mount.Length ? (inside = SandboxPath.Root) is not null : SandboxPath.TryParse(path.Bytes[mount.Length..], out inside!);
    }
}
