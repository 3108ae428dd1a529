using System.Text;
using CsCheck;
using Sandbox.Core.Files;
using Xunit;

namespace Sandbox.Core.Tests.Files;

public sealed class SandboxPathTests
{
    private static readonly Gen<byte[]> Paths = Gen.OneOf(Gen.Char["a./"].Array[0, 20], Gen.Char["ab./\0é"].Array[0, 40]).Select(letters => Encoding.UTF8.GetBytes("/" + new string(letters)));

    [Fact]
    public void What_is_taken_is_absolute_clean_and_cannot_climb() =>
        Paths.Sample(bytes =>
        {
            if (!SandboxPath.TryParse(bytes, out var path))
            {
                return;
            }

            var text = Encoding.Latin1.GetString(path.Bytes);
            Assert.StartsWith("/", text, StringComparison.Ordinal);
            Assert.DoesNotContain('\0', text);
            Assert.True(text.Length <= SandboxPath.MaxLength);
            if (text != "/")
            {
                Assert.All(text[1..].Split('/'), name => Assert.False(name is "" or "." or ".."));
            }
        });

    [Fact]
    public void What_is_refused_climbs_or_holds_NUL() =>
        Paths.Sample(bytes =>
        {
            var text = Encoding.Latin1.GetString(bytes);
            return SandboxPath.TryParse(bytes, out _) != (text.Contains('\0', StringComparison.Ordinal) || text.Split('/').Contains(".."));
        });

    [Fact]
    public void Reading_a_clean_path_again_changes_nothing() =>
        Paths.Sample(bytes =>
            !SandboxPath.TryParse(bytes, out var once)
            || (SandboxPath.TryParse(once.Bytes, out var twice) && once.Bytes.SequenceEqual(twice.Bytes)));

    [Theory]
    [InlineData("/", "/")]
    [InlineData("///", "/")]
    [InlineData("/./", "/")]
    [InlineData("/a//b/./c/", "/a/b/c")]
    [InlineData("/...", "/...")]
    [InlineData("/..a/b..", "/..a/b..")]
    public void A_path_is_cleaned(string text, string clean)
    {
        Assert.True(SandboxPath.TryParse(text, out var path));
        Assert.Equal(clean, path.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("./a")]
    [InlineData("/..")]
    [InlineData("/a/../b")]
    [InlineData("/a\0b")]
    public void A_path_that_is_none_is_refused(string? text) => Assert.False(SandboxPath.TryParse(text, out _));

    [Fact]
    public void A_path_is_as_long_as_the_kernel_takes()
    {
        var longest = string.Concat(Enumerable.Repeat("/" + new string('a', 254), 16)) + "/" + new string('a', 14);
        Assert.Equal(SandboxPath.MaxLength, longest.Length);

        Assert.True(SandboxPath.TryParse(longest, out _));
        Assert.False(SandboxPath.TryParse(longest + "a", out _));
        Assert.True(SandboxPath.TryParse("/" + new string('a', 255), out _));
        Assert.False(SandboxPath.TryParse("/" + new string('a', 256), out _));
    }

    [Fact]
    public void Bytes_that_are_not_text_are_kept()
    {
        Assert.True(SandboxPath.TryParse([(byte)'/', 0xFF, 0xFE], out var path));
        Assert.Equal([(byte)'/', 0xFF, 0xFE], path.Bytes.ToArray());
    }
}
