using Sandbox.Core.Files;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Programs of 32 bits run, and their calls have numbers and a multiplexer of their own.</summary>
[Collection(nameof(LinuxHost))]
public sealed class NarrowAttacks(LinuxHost host) : Attacker(host)
{
    private const int Refused = 1; // EPERM
    private const int NoProtocol = 93; // EPROTONOSUPPORT
    private const int NoFamily = 97; // EAFNOSUPPORT
    private const int NoCall = 38; // ENOSYS

    [Fact]
    public async Task Sockets_of_32_bits_are_those_of_64()
    {
        var first = await LaunchAsync();
        await AssertAsync(first);
        await AssertAsync(await LaunchAsync()); // with the filter that was compiled for the first
    }

    private async Task AssertAsync(SandboxId id)
    {
        Assert.True(SandboxPath.TryParse("/attack32", out var path));
        await Host.Runtime.Files.WriteAsync(id, path, 0b111_101_101, Once(Compile("attack32.c", "-m32", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-no-pie")), Cancel);
        var (code, text) = await RunAsync(id, "/attack32");
        Assert.Equal(0, code);
        Assert.Equal(
            [0, 0, 0, 0, NoProtocol, NoCall, Refused, NoFamily, Refused, Refused, Refused, Refused, Refused, Refused],
            Parse(text).Select(loot => loot.Errno));
    }
}
