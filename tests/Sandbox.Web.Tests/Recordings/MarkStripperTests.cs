using System.Text;
using Sandbox.Terminals.Marks;
using Sandbox.Web.Recordings;
using Xunit;

namespace Sandbox.Web.Tests.Recordings;

public sealed class MarkStripperTests
{
    [Theory]
    [InlineData("plain \e[31mred\e[m \e]2;title\a\e]8;;x\e\\", "plain \e[31mred\e[m \e]2;title\a\e]8;;x\e\\")]
    [InlineData("a\e]633;E;export TOKEN=1;n\ab", "ab")]
    [InlineData("a\e]633;A\e\\b", "ab")]
    [InlineData("a\e]633;A\u009cb", "ab")]
    [InlineData("a\e]633;é日\u0098\ab", "ab")]
    [InlineData("a\e]633;A\u0018b\e]633;B\u001ac", "abc")]
    [InlineData("\e]633;A\a\e]633;B\a\e]633;C\a", "")]
    [InlineData("a\e]633;E;x\e[31mb", "a\e[31mb")]
    [InlineData("a\e]633;E;x\e\e]633;B\ab", "ab")]
    [InlineData("a\e]633;E;x\e]2;t\ab", "a\e]2;t\ab")]
    [InlineData("a\e]63\e]633;A\ab", "a\e]63b")]
    [InlineData("a\e\e]633;A\a]633;E;y\ab", "a]633;E;y\ab")]
    [InlineData("\e]6331;x\a\e]63;x\a\e]6", "\e]6331;x\a\e]63;x\a")]
    [InlineData("\u276f\e]633;A\ab", "\u276f\e\\b")]
    public void Marks_are_taken_out_however_they_are_cut(string output, string kept)
    {
        var bytes = Encoding.UTF8.GetBytes(output);
        for (var first = 0; first <= bytes.Length; first++)
        {
            for (var second = first; second <= bytes.Length; second++)
            {
                var stripper = new MarkStripper();
                var all = new List<byte>();
                all.AddRange(stripper.Strip(bytes.AsSpan(0, first)));
                all.AddRange(stripper.Strip(bytes.AsSpan(first, second - first)));
                all.AddRange(stripper.Strip(bytes.AsSpan(second)));
                Assert.Equal(kept, Encoding.UTF8.GetString([.. all]));
            }
        }
    }

    [Fact]
    public void A_character_that_a_mark_broke_off_stays_broken()
    {
        byte[] output = [0xE2, 0x98, .. "\e]633;A\a"u8, 0x82];
        Assert.DoesNotContain("☂", Encoding.UTF8.GetString(new MarkStripper().Strip(output)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_has_begun_is_counted_as_far_as_a_mark_is_long()
    {
        var stripper = new MarkStripper();
        Assert.Equal(1, stripper.Strip("a\e]"u8).Length);
        Assert.Equal(2, stripper.Begun);
        Assert.Equal(0, stripper.Strip("633;E;abc"u8).Length);
        Assert.Equal(11, stripper.Begun);
        Assert.Equal(0, stripper.Strip(new byte[MarkReader.LongestMark]).Length);
        Assert.Equal(0, stripper.Begun);
        Assert.Equal("b", Encoding.ASCII.GetString(stripper.Strip("\ab"u8)));
        Assert.Equal(0, stripper.Begun);

        stripper.Strip("\e]633;E;"u8);
        stripper.Skip();
        Assert.Equal("on", Encoding.ASCII.GetString(stripper.Strip("on"u8)));
    }
}
