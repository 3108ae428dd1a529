using System.Diagnostics;
using Sandbox.Daemon.Linux;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

/// <summary>Where trees are put on the disk.</summary>
public sealed class PlacementTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task On_ext4_the_directory_has_the_flag_and_what_is_made_in_it_has_not()
    {
        var directory = Directory.CreateDirectory($"/var/tmp/placement-{Guid.NewGuid():N}").FullName;
        try
        {
            Assert.SkipUnless(new DriveInfo(directory).DriveFormat.StartsWith("ext", StringComparison.Ordinal), "/var/tmp is not on ext4");
            Placement.Spread(directory);
            var inside = Directory.CreateDirectory(Path.Combine(directory, "inside")).FullName;

            Assert.Contains('T', await FlagsAsync(directory));
            Assert.DoesNotContain('T', await FlagsAsync(inside));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_file_system_without_the_flag_is_no_fault() => Placement.Spread("/proc/self/fd");

    private static async Task<string> FlagsAsync(string directory)
    {
        using var lsattr = Process.Start(new ProcessStartInfo("lsattr", ["-d", directory]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var line = await lsattr.StandardOutput.ReadToEndAsync(Cancel);
        await lsattr.WaitForExitAsync(Cancel);
        Assert.Equal(0, lsattr.ExitCode);
        return line.Split(' ')[0];
    }
}
