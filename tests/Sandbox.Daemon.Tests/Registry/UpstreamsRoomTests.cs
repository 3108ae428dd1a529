using System.Globalization;
using Xunit;

namespace Sandbox.Daemon.Tests.Registry;

/// <summary>What the caches of public registries leave of the host's disk, without a registry.</summary>
public sealed class UpstreamsRoomTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_comes_between_two_looks_at_all_files_is_noticed()
    {
        using var files = new UpstreamsTests.Files();
        var old = await FillAsync(files, isTight: false);
        using var service = UpstreamsTests.Service.Start(files);
        await UntilAsync(() => !File.Exists(LeftUpload(files))); // it has looked at all files

        using (var large = File.OpenHandle(Path.Combine(files.Data, "docker.io", "large"), FileMode.Create, FileAccess.Write, preallocationSize: 1100L << 20))
        {
            await UntilAsync(() => !File.Exists(old));
        }
    }

    [Fact]
    public async Task All_goes_while_more_of_the_disk_has_to_stay_free()
    {
        using var files = new UpstreamsTests.Files();
        var old = await FillAsync(files, isTight: true);
        using var service = UpstreamsTests.Service.Start(files);
        await UntilAsync(() => !File.Exists(old));
    }

    private static string LeftUpload(UpstreamsTests.Files files) => Path.Combine(files.Data, "docker.io", "_uploads", "left");

    /// <summary>A file that was read long ago, and settings with an hour between two looks.</summary>
    private static async Task<string> FillAsync(UpstreamsTests.Files files, bool isTight)
    {
        await files.ConfigureAsync("");
        var keep = isTight ? new DriveInfo(files.Data).TotalSize >> 10 : 0;
        await File.AppendAllTextAsync(files.Settings, string.Create(CultureInfo.InvariantCulture, $"pause=3600\nkeep={keep}\n"), Now);
        Directory.CreateDirectory(Path.GetDirectoryName(LeftUpload(files))!);
        var old = Path.Combine(files.Data, "docker.io", "old");
        foreach (var file in (ReadOnlySpan<string>)[old, LeftUpload(files)])
        {
            File.WriteAllBytes(file, new byte[64 * 1024]);
            File.SetLastAccessTimeUtc(file, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
            File.SetLastWriteTimeUtc(file, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        return old;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var attempt = 0; !condition(); attempt++)
        {
            Assert.True(attempt < 600, "it does not come to pass");
            await Task.Delay(50, Now);
        }
    }
}
