using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Snapshots;

/// <summary>The image store's directory of unfinished work.</summary>
internal static class StoredUnderTest
{
    public static string Incoming(LinuxHost host) => Path.Combine(host.Options.DataDirectory, "incoming");

    /// <summary>Waits until no work is left; files of removed layers go in the background.</summary>
    public static Task IsTidyAsync(LinuxHost host) => UntilAsync(() => Directory.GetDirectories(Incoming(host)).Length == 0, "the directory of unfinished work is empty");

    public static async Task UntilAsync(Func<bool> isTrue, string what)
    {
        for (var left = 6000; !isTrue(); left--)
        {
            Assert.True(left > 0, $"after a minute it is not so that {what}");
            await Task.Delay(10, CancellationToken.None);
        }
    }
}
