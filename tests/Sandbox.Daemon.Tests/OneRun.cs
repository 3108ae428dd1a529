using System.Diagnostics;
using Xunit;

[assembly: AssemblyFixture(typeof(Sandbox.Daemon.Tests.OneRun))]

namespace Sandbox.Daemon.Tests;

/// <summary>
/// One run of these tests on a host at a time, because they use the same names, addresses and uids. Another one waits,
/// and takes away what a run that was killed left behind.
/// </summary>
public sealed class OneRun : IAsyncLifetime
{
    private FileStream? _lock;

    public async ValueTask InitializeAsync()
    {
        for (var attempt = 0; _lock is null; attempt++)
        {
            try
            {
                _lock = new FileStream("/run/lock/sandbox-daemon-tests", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 600)
            {
                await Task.Delay(1000);
            }
        }

        foreach (var left in Directory.GetDirectories("/dev/shm", "sandbox-files-*"))
        {
            using var remove = Process.Start("rm", ["-rf", "--one-file-system", left]); // names in there may be no text
            await remove.WaitForExitAsync();
        }
    }

    public ValueTask DisposeAsync() => _lock?.DisposeAsync() ?? ValueTask.CompletedTask;
}
