using Sandbox.Core.Networks;
using Xunit;

namespace Sandbox.Core.Tests.Networks;

public sealed class NetworkPolicyTests
{
    private static readonly NetworkPolicy Closed = new(NetworkPolicy.Playground, []);
    private static readonly NetworkPolicy Nothing = new(NetworkPolicy.None, []);

    [Fact]
    public void The_stricter_network_wins_whoever_asks_for_it()
    {
        NetworkPolicy[] fromOpenToStrict = [NetworkPolicy.Open, Listed("github.com"), Closed, Nothing];
        for (var one = 0; one < fromOpenToStrict.Length; one++)
        {
            for (var other = 0; other < fromOpenToStrict.Length; other++)
            {
                var expected = fromOpenToStrict[Math.Max(one, other)];
                var actual = fromOpenToStrict[one].Within(fromOpenToStrict[other]);
                Assert.Equal(expected.Network, actual.Network);
                Assert.Equal(expected.Domains, actual.Domains);
            }
        }
    }

    [Fact]
    public void Of_two_lists_the_common_part_is_left()
    {
        var plan = Listed("github.com", "deb.debian.org", "git.example:22", "git.example");

        Assert.Equal(["deb.debian.org"], plan.Within(Listed("deb.debian.org", "pypi.org")).Domains);
        Assert.Equal(["github.com:443"], Listed("github.com:443", "github.com:22").Within(plan).Domains);
        Assert.Equal(["git.example", "git.example:22"], plan.Within(Listed("git.example:22", "git.example:443", "git.example:80")).Domains);
    }

    /// <summary>An empty list means all of the internet, so two lists without a common part must not leave one.</summary>
    [Fact]
    public void Lists_without_a_common_part_leave_the_playground()
    {
        var left = Listed("github.com").Within(Listed("deb.debian.org"));

        Assert.Equal(NetworkPolicy.Playground, left.Network);
        Assert.Empty(left.Domains);
    }

    [Fact]
    public void A_word_that_is_unknown_opens_nothing() =>
        Assert.Equal(NetworkPolicy.None, new NetworkPolicy("host", []).Within(NetworkPolicy.Open).Network);

    [Fact]
    public void A_policy_says_in_words_what_is_reached()
    {
        Assert.Equal("reaches only: github.com, deb.debian.org", Listed("github.com", "deb.debian.org").Words);
        Assert.Equal("none", Nothing.Words);
        Assert.Equal("only the other nodes of this playground", Closed.Words);
        Assert.StartsWith("the internet", NetworkPolicy.Open.Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("github.com")]
    [InlineData("a-b.xn--bcher-kva.example")]
    [InlineData("github.com:22")]
    [InlineData("1.example")]
    public void A_host_name_is_a_domain(string entry) => Assert.Empty(Listed(entry).Validate());

    [Theory]
    [InlineData("localhost")]
    [InlineData("GitHub.com")]
    [InlineData("*.github.com")]
    [InlineData(".github.com")]
    [InlineData("github.com.")]
    [InlineData("github..com")]
    [InlineData("-a.example")]
    [InlineData("10.0.0.1")]
    [InlineData("0x7f.1")]
    [InlineData("github.com:0")]
    [InlineData("github.com:65536")]
    [InlineData("github.com:080")]
    [InlineData("github.com:")]
    [InlineData("github.com/x")]
    [InlineData("bücher.example")]
    [InlineData("a b.example")]
    [InlineData("a.example\nb.example")]
    [InlineData("")]
    [InlineData(null)]
    public void Anything_else_is_refused(string? entry) =>
        Assert.StartsWith("domains[0]: a host name", Assert.Single(Listed(entry!).Validate()), StringComparison.Ordinal);

    [Fact]
    public void Bounds_hold()
    {
        Assert.Empty(Listed([.. Enumerable.Range(0, 32).Select(at => $"d{at}.example")]).Validate());
        Assert.Equal("domains: at most 32", Assert.Single(Listed([.. Enumerable.Range(0, 33).Select(at => $"d{at}.example")]).Validate()));
        Assert.Single(Listed(new string('a', 64) + ".example").Validate());
        Assert.Single(Listed(string.Join('.', Enumerable.Repeat("abcdefg", 32)) + ".example").Validate());
        Assert.Equal("domains: only with the network egress", Assert.Single(new NetworkPolicy(NetworkPolicy.None, ["github.com"]).Validate()));
        Assert.Equal("network: egress, playground or none", Assert.Single(new NetworkPolicy("host", []).Validate()));
        Assert.Equal(2, new NetworkPolicy(null!, null!).Validate().Count);
    }

    [Fact]
    public void A_text_of_an_operator_is_a_list() =>
        Assert.Equal(["github.com", "deb.debian.org", "pypi.org"], DomainRules.Parse(" GitHub.com,deb.debian.org\n pypi.org github.com"));

    private static NetworkPolicy Listed(params string[] domains) => new(NetworkPolicy.Egress, domains);
}
