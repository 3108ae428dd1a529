using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sandbox.Core.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// A layer on top of an image, in which the operator's certificates stand in the bundle and where
/// <c>update-ca-certificates</c> looks. The image is mounted as an overlay whose upper directory becomes the layer, so
/// links on the way and deletions mean here what they mean in a sandbox.
/// </summary>
internal static class ExtraCertificates
{
    private const int MaxBundleBytes = 16 << 20;
    private static readonly Ownership Parents = new(0, 0, 0x1ED); // 0755

    private static ReadOnlySpan<byte> Bundle => "etc/ssl/certs/ca-certificates.crt"u8;

    private static ReadOnlySpan<byte> Extra => "usr/local/share/ca-certificates/sandbox-extra.crt"u8;

    /// <summary>The mount point in a directory of work.</summary>
    public static string MountPoint(string incoming) => Path.Combine(incoming, "mount");

    /// <summary>The name of the layer for an image: another one when the certificates change, since running sandboxes keep the old.</summary>
    public static string Name(Digest image, byte[] certificates) =>
        $"ca-{image.Hex}-{Convert.ToHexStringLower(SHA256.HashData(certificates))[..16]}";

    /// <summary>Whether a layer's name is one of an image, whatever the certificates.</summary>
    public static bool IsOf(string name, Digest image) => name.StartsWith($"ca-{image.Hex}-", StringComparison.Ordinal);

    /// <summary>Makes the layer.</summary>
    /// <param name="layers">The image's layers, the topmost first.</param>
    /// <param name="certificates">The operator's PEM file.</param>
    /// <param name="incoming">A directory to work in.</param>
    /// <returns>The layer's directory, in <paramref name="incoming"/>.</returns>
    public static async Task<string> MakeAsync(IReadOnlyList<string> layers, byte[] certificates, string incoming)
    {
        var mount = MountPoint(incoming);
        var upper = Path.Combine(incoming, "upper");
        foreach (var path in (ReadOnlySpan<string>)[mount, upper, Path.Combine(incoming, "work")])
        {
            Directory.CreateDirectory(path);
        }

        // Short names: overlay takes all of them in one page of text.
        for (var i = 0; i < layers.Count; i++)
        {
            File.CreateSymbolicLink(Path.Combine(incoming, i.ToString(CultureInfo.InvariantCulture)), layers[i]);
        }

        var lower = string.Join(':', Enumerable.Range(0, layers.Count).Select(i => i.ToString(CultureInfo.InvariantCulture)));
        await Mounting.InDirectoryAsync(incoming, () =>
        {
            CopyRoot(layers[0], upper);
            Mounting.Mount("overlay", mount, "overlay", Mounting.NoDevice, $"lowerdir={lower},upperdir=upper,workdir=work,redirect_dir=off,metacopy=off,index=off");
            try
            {
                using var root = RootedDirectory.Open(mount);
                var bundle = Read(root);
                Write(root, Bundle, bundle.Length > 0 ? [.. bundle.AsSpan().TrimEnd((byte)'\n'), (byte)'\n', .. certificates] : certificates);
                Write(root, Extra, certificates);
            }
            finally
            {
                Mounting.Unmount(mount);
            }
        });
        return upper;
    }

    // The root of an overlay is its upper directory's: without this every image would get another mode of /.
    private static void CopyRoot(string from, string to)
    {
        using var source = RootedDirectory.Open(from);
        using var target = RootedDirectory.Open(to);
        var status = source.Top.Handle.Status();
        target.Top.Handle.SetOwner(status.Uid, status.Gid);
        target.Top.Handle.SetMode(status.Mode);
    }

    private static byte[] Read(RootedDirectory root)
    {
        try
        {
            using var file = root.OpenRead(Bundle);
            var length = file.Status().Size;
            if (length > MaxBundleBytes)
            {
                throw ImageManifest.Invalid("its certificate bundle is larger than 16 MiB");
            }

            var bytes = new byte[length];
            for (int read = 0, count; read < length && (count = file.Read(bytes.AsSpan(read), read)) > 0; read += count)
            {
            }

            return bytes;
        }
        catch (PosixException exception) when (exception.Errno is Errno.NoEntry or Errno.NotDirectory or Errno.IsDirectory or Errno.Invalid or Errno.Loop)
        {
            return []; // an image without a bundle gets one
        }
    }

    // A file beside and a rename, so that the name gets a new file even where it was a link.
    private static void Write(RootedDirectory root, ReadOnlySpan<byte> path, byte[] content)
    {
        try
        {
            using var parent = root.OpenParent(path, out var name, Parents);
            byte[] fresh = Encoding.ASCII.GetBytes(".sandbox-extra");
            using var file = parent.CreateFile(fresh);
            file.Write(content, 0);
            file.SetMode(0x1A4); // 0644
            parent.Rename(fresh, parent, name);
        }
        catch (PosixException exception) when (exception.Errno is Errno.NotDirectory or Errno.NoEntry or Errno.Loop or Errno.IsDirectory or Errno.Exists)
        {
            // The image has something else in the way: it stays, and this place gets no certificates.
        }
    }
}
