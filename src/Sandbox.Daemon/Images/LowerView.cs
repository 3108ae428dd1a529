using Microsoft.Win32.SafeHandles;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// The image below a sandbox's own layer, as one tree with the image's own owners: the sandbox's files without its
/// changes. Several layers are an overlay without an upper directory, mounted while this is open.
/// </summary>
internal sealed class LowerView : IDisposable
{
    private readonly RootedDirectory _root;
    private readonly string? _mount;

    private LowerView(RootedDirectory root, string? mount) => (_root, _mount) = (root, mount);

    /// <summary>Shows an image's layers, the topmost first.</summary>
    /// <param name="layers">Their directories.</param>
    /// <param name="incoming">A directory of the caller's own.</param>
    /// <param name="isBelow">Whether it is the second of two views that are open at once.</param>
    public static async Task<LowerView> OpenAsync(IReadOnlyList<string> layers, string incoming, bool isBelow = false)
    {
        if (layers.Count == 1)
        {
            return new LowerView(RootedDirectory.Open(layers[0]), null);
        }

        var mount = MountPoints(incoming)[isBelow ? 1 : 0];
        Directory.CreateDirectory(mount);
        var links = Directory.CreateDirectory(mount + "-layers").FullName;

        // Short names: overlay takes all of them in one page of text.
        for (var i = 0; i < layers.Count; i++)
        {
            File.CreateSymbolicLink(Path.Combine(links, $"{i}"), layers[i]);
        }

        await Mounting.InDirectoryAsync(links, () => Mounting.Mount("overlay", mount, "overlay", Mounting.NoDevice | Mounting.ReadOnly, $"lowerdir={string.Join(':', Enumerable.Range(0, layers.Count))}"));
        Directory.Delete(links, recursive: true); // the mount needs them no more, and a later view has the same name
        return new LowerView(RootedDirectory.Open(mount), mount);
    }

    /// <summary>The mount points of overlays below a directory of work.</summary>
    public static IReadOnlyList<string> MountPoints(string incoming) => [Path.Combine(incoming, "image"), Path.Combine(incoming, "below")];

    /// <summary>The root of the image.</summary>
    public SafeFileHandle Root => _root.Top.Handle;

    /// <summary>Opens the image's entry at a path with <c>O_PATH</c>; links are not followed. Null if it has nothing there.</summary>
    public SafeFileHandle? TryOpen(ReadOnlySpan<byte> path)
    {
        try
        {
            return NativeFiles.OpenAt2(
                _root.Top.Handle,
                RootedDirectory.Text(path),
                NativeFiles.PathOnly | NativeFiles.NoFollow,
                0,
                RootedDirectory.Confined | NativeFiles.ResolveBeneath | NativeFiles.ResolveNoSymlinks);
        }
        catch (PosixException e) when (e.Errno is Errno.NoEntry or Errno.NotDirectory or Errno.Loop)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _root.Dispose();
        if (_mount is not null)
        {
            Mounting.Unmount(_mount);
        }
    }
}
