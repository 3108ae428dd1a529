using Microsoft.Extensions.DependencyInjection;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.RootFileSystems;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>The file system that a sandbox writes to.</summary>
[Collection(nameof(LinuxHost))]
public sealed class DiskImagesTests(LinuxHost host)
{
    private const long Bytes = 67L << 20;

    /// <summary>Without a journal, files that are made after as many were removed take ten times as long.</summary>
    [Fact]
    public async Task It_has_a_journal_that_orders_no_data_and_takes_nothing_of_the_quota()
    {
        var place = Directory.CreateTempSubdirectory("sandbox-disk-").FullName;
        var image = place + ".ext4";
        try
        {
            await host.Parts.GetRequiredService<DiskImages>().MountAsync(image, place, Bytes, 1_000);
            var device = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')).Single(words => words[4] == place).SkipWhile(word => word != "-").ElementAt(2);
            var options = await File.ReadAllLinesAsync($"/proc/fs/ext4/{Path.GetFileName(device)}/options", TestContext.Current.CancellationToken);
            Assert.Contains("data=writeback", options);
            Assert.Contains("nobarrier", options);

            // All but what an empty file system of this size has for itself.
            Assert.InRange(new DriveInfo(place).TotalSize, Bytes * 97 / 100, Bytes);
        }
        finally
        {
            Mounting.Unmount(place);
            Directory.Delete(place);
            File.Delete(image);
        }
    }
}
