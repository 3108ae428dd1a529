using CsCheck;
using Sandbox.Core.Ids;
using Sandbox.Core.Images;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Xunit;

namespace Sandbox.Core.Tests.Ids;

public sealed class IdTests
{
    [Fact]
    public void A_fresh_id_is_valid_and_not_the_last_one()
    {
        var all = Enumerable.Range(0, 1000).Select(_ => IdText.Random()).ToList();

        Assert.All(all, text => Assert.True(IdText.IsValid(text)));
        Assert.Equal(all.Count, all.Distinct().Count());
    }

    [Fact]
    public void Only_sixteen_letters_of_base32_are_an_id() =>
        Gen.String.Sample(text =>
            IdText.IsValid(text) == (text.Length == 16 && text.All(letter => "abcdefghijklmnopqrstuvwxyz234567".Contains(letter, StringComparison.Ordinal))));

    [Theory]
    [InlineData("abcdefghijklmno1")]
    [InlineData("abcdefghijklmno8")]
    [InlineData("ABCDEFGHIJKLMNOP")]
    [InlineData("abcdefghijklmno")]
    [InlineData("abcdefghijklmnopq")]
    [InlineData("../../../../etc/")]
    [InlineData("abcdefghijklmno\n")]
    [InlineData("abcdefghijklmnoａ")]
    [InlineData("")]
    [InlineData(null)]
    public void Everything_else_is_refused(string? text)
    {
        Assert.False(SandboxId.TryParse(text, out var id));
        Assert.Equal(default, id);
        Assert.False(TerminalId.TryParse(text, out _));
    }

    [Fact]
    public void An_id_never_set_has_no_value() => Assert.Throws<InvalidOperationException>(() => default(SandboxId).Value);

    [Fact]
    public void An_id_comes_back_from_its_text()
    {
        var id = SandboxId.New();

        Assert.Equal(id, SandboxId.Parse(id.ToString()));
    }

    [Theory]
    [InlineData("sha256:")]
    [InlineData("sha512:0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("sha256:000000000000000000000000000000000000000000000000000000000000000G")]
    [InlineData("sha256:000000000000000000000000000000000000000000000000000000000000000A")]
    [InlineData("sha256:00000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("sha256:../../../../../../../../../../../../../../../../../../../../etc/")]
    public void What_is_no_digest_is_refused(string text) => Assert.False(Digest.TryParse(text, out _));

    [Fact]
    public void A_digest_comes_back_from_its_text() =>
        Gen.Byte.Array[32].Sample(bytes =>
        {
            var text = "sha256:" + Convert.ToHexStringLower(bytes);
            return Digest.TryParse(text, out var digest) && digest.Value == text && digest.Hex.Length == 64;
        });
}
