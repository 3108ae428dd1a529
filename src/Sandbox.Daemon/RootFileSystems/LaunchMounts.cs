using Microsoft.Win32.SafeHandles;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.RootFileSystems;

/// <summary>
/// A mount namespace for one launch, with the mounts of that sandbox and none of the others'. A runtime copies the whole
/// namespace it starts in, reads a line for each mount and drops them: some 10 ms beside 300 sandboxes.
/// </summary>
/// <remarks>What is started here lives on in the namespace; the sandbox's mounts leave it at the end of the launch.</remarks>
internal sealed class LaunchMounts : IAsyncDisposable
{
    private readonly WorkThread _thread = new("launch");
    private readonly IReadOnlyList<string> _mounts;

    private LaunchMounts(IReadOnlyList<string> mounts) => _mounts = mounts;

    /// <summary>A copy of <paramref name="empty"/>, with copies of these mounts at their places.</summary>
    public static async Task<LaunchMounts> MakeAsync(EmptyMounts empty, IReadOnlyList<string> mounts)
    {
        var made = new LaunchMounts(mounts);
        try
        {
            await made._thread.RunAsync(() => Mounting.EnterCopy(empty.Namespace, mounts));
            return made;
        }
        catch
        {
            made._thread.Dispose();
            throw;
        }
    }

    /// <summary>Starts a process in it.</summary>
    public async Task<int> SpawnAsync(Func<int> spawn)
    {
        var pid = 0;
        await _thread.RunAsync(() => pid = spawn());
        return pid;
    }

    public async ValueTask DisposeAsync()
    {
        await _thread.RunAsync(() =>
        {
            foreach (var mount in _mounts)
            {
                Mounting.Unmount(mount);
            }
        });
        _thread.Dispose();
    }
}

/// <summary>The mounts of the host without those of sandboxes, in a namespace that no process lives in.</summary>
internal sealed class EmptyMounts(DaemonOptions options)
{
    private readonly Lazy<SafeFileHandle> _namespace = new(() => Mounting.CopyNamespace(IsOfSandboxes(options)));

    public SafeFileHandle Namespace => _namespace.Value;

    /// <summary>All that lies on disk images and overlays, but not what this program itself needs.</summary>
    private static Func<string, string, bool> IsOfSandboxes(DaemonOptions options)
    {
        string[] needed = [options.RunDirectory, options.DataDirectory, AppContext.BaseDirectory, options.TtyProgram, options.InitProgram, "/usr/bin", "/proc"];
        return (place, source) => (source is "overlay" || source.StartsWith("/dev/loop", StringComparison.Ordinal))
            && !needed.Any(path => $"{Path.TrimEndingDirectorySeparator(path)}/".StartsWith(place.TrimEnd('/') + "/", StringComparison.Ordinal));
    }
}
