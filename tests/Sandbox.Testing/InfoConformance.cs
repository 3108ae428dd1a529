using Sandbox.Core.Runtime;
using Xunit;

namespace Sandbox.Testing;

/// <summary>What <see cref="ISandboxRuntime.GetInfoAsync"/> must tell.</summary>
public abstract class InfoConformance(RuntimeUnderTest under) : RuntimeConformance(under)
{
    [Fact]
    public async Task Info_names_the_adapter_its_process_and_its_capabilities()
    {
        var info = await Runtime.GetInfoAsync(Cancellation);

        Assert.NotEmpty(info.Adapter);
        Assert.NotEmpty(info.OciRuntime);
        Assert.True(info.Pid > 0);
        Assert.True(info.MemoryBytes > 0);
        Assert.True(info.DiskFreeBytes > 0);
        Assert.NotEmpty(info.Capabilities.IsolationClasses);
        Assert.Equal("amd64", info.Architecture);
        Assert.NotEmpty(info.Kernel);
    }
}
