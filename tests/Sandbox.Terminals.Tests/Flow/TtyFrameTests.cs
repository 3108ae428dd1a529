using Sandbox.Terminals.Flow;
using Xunit;

namespace Sandbox.Terminals.Tests.Flow;

/// <summary>The frames are spoken by programs of different builds: a holder started last week must still be understood.</summary>
public sealed class TtyFrameTests
{
    [Fact]
    public void Every_kind_is_a_byte_of_its_own()
    {
        byte[] kinds = [TtyFrame.Attach, TtyFrame.Ack, TtyFrame.Input, TtyFrame.Resize, TtyFrame.Close, TtyFrame.Data, TtyFrame.Exit, TtyFrame.Taken, TtyFrame.Watch, TtyFrame.Screen, TtyFrame.Follow, TtyFrame.State];

        Assert.Equal("akircdxtwgfs"u8.ToArray(), kinds);
    }

    [Fact]
    public void The_lengths_fit_into_each_other()
    {
        Assert.Equal(1 + sizeof(uint), TtyFrame.HeaderLength);
        Assert.True(TtyFrame.MaxInput <= TtyFrame.InputWindow);
        Assert.True(TtyFrame.MaxData - sizeof(ulong) <= TtyFrame.OutputWindow);
        Assert.True(TtyFrame.OutputWindow < TtyFrame.RingLength);
    }
}
