using Sandbox.Core.Errors;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Snapshots;

/// <summary>
/// Writes changes as an OCI layer. Times are whole seconds, as Docker writes them: a fraction would cost a block or two
/// for every file. The bytes do not depend on when or where it is written.
/// https://github.com/opencontainers/image-spec/blob/main/layer.md
/// </summary>
internal static class LayerPacking
{
    /// <summary>Writes all changes to a file. Nothing changed is null, and no file.</summary>
    public static PackedLayer? Pack(IEnumerable<LayerChange> changes, SandboxOwners owners, Func<LayerBlobWriting> open)
    {
        LayerBlobWriting? blob = null;
        TarWriting? tar = null;
        try
        {
            var buffer = new byte[256 * 1024];
            foreach (var change in changes)
            {
                blob ??= open();
                tar ??= new TarWriting(blob);
                var entry = Describe(change, owners);
                tar.Write(entry);
                if (entry.Size > 0 && change is LayerChange.Present { Inode: { } inode })
                {
                    blob.BeginContent(entry.Size);
                    FileContent.Copy(inode, entry.Size, blob, buffer);
                }
            }

            if (blob is null)
            {
                return null;
            }

            tar!.Finish();
            return new PackedLayer(blob.Finish(), blob.Length);
        }
        catch (PosixException fault) when (fault.Errno is Errno.NoEntry)
        {
            throw new SandboxException(ErrorCode.Conflict, "Files of the sandbox changed while it was saved. Try again.", fault);
        }
        finally
        {
            blob?.Dispose();
        }
    }

    /// <summary>The header of a change, with the owners that the sandbox sees.</summary>
    public static TarEntry Describe(LayerChange change, SandboxOwners owners) => change switch
    {
        LayerChange.Deleted => Mark(Beside(change.Path)),
        LayerChange.Emptied => Mark(change.Path.Length == 0 ? SortedNames.Opaque.ToArray() : [.. change.Path, (byte)'/', .. SortedNames.Opaque]),
        LayerChange.Present present => new TarEntry
        {
            Name = present.Kind != TarKind.Directory ? present.Path : present.Path.Length == 0 ? "./"u8.ToArray() : [.. present.Path, (byte)'/'],
            Target = present.Target,
            Kind = present.Kind,
            Size = present.Kind == TarKind.File ? present.Status.Size : 0,
            Mode = (uint)present.Status.Mode,
            Uid = owners.Inside(present.Status.Uid),
            Gid = owners.Inside(present.Status.Gid),
            Modified = (present.Status.Modified.ToUnixTimeSeconds(), 0),
            Attributes = present.Attributes,
        },
        _ => throw new ArgumentOutOfRangeException(nameof(change)),
    };

    // dir/.wh.name
    private static byte[] Beside(byte[] path)
    {
        var name = path.AsSpan().LastIndexOf((byte)'/') + 1;
        return [.. path.AsSpan(0, name), .. SortedNames.Whiteout, .. path.AsSpan(name)];
    }

    private static TarEntry Mark(byte[] name) => new() { Name = name, Target = [], Kind = TarKind.File, Size = 0, Mode = 0, Uid = 0, Gid = 0, Modified = (0, 0), Attributes = [] };
}
