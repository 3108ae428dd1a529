using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

/// <summary>The part of the disk that images leave free.</summary>
[Collection(nameof(LinuxHost))]
public sealed class DiskReserveTests(LinuxHost host)
{
    [Fact]
    public async Task Files_count_as_bytes_do()
    {
        var disk = Directory.CreateTempSubdirectory("sandbox-reserve-").FullName;
        var tool = host.Parts.GetRequiredService<Tool>();
        await tool.RunOrThrowAsync("mount", ["-t", "tmpfs", "-o", "size=16m,nr_inodes=1000", "tmpfs", disk], cancellationToken: TestContext.Current.CancellationToken);
        try
        {
            var reserve = new DiskReserve(disk);
            reserve.Check();
            for (var i = 0; i < 960; i++)
            {
                await File.WriteAllBytesAsync(Path.Combine(disk, i.ToString(CultureInfo.InvariantCulture)), [], TestContext.Current.CancellationToken);
            }

            Assert.Equal(ErrorCode.DiskFull, Assert.Throws<SandboxException>(() => reserve.Check()).Code);
        }
        finally
        {
            await tool.RunOrThrowAsync("umount", [disk], cancellationToken: CancellationToken.None);
            Directory.Delete(disk);
        }
    }
}
