using System.Net;
using Sandbox.Daemon.Networks;
using Xunit;

namespace Sandbox.Daemon.Tests.Networks;

public sealed class PrefixesTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "", "10.0.0.0/8")]
    [InlineData("10.0.0.0/8", "192.168.0.0/16", "10.0.0.0/8")]
    [InlineData("10.0.0.0/8", "10.0.0.0/8", "")]
    [InlineData("10.0.0.0/8", "0.0.0.0/0", "")]
    [InlineData("10.0.0.0/30", "10.0.0.2/32", "10.0.0.0/31 10.0.0.3/32")]
    [InlineData("10.0.0.0/30", "10.0.0.2/32 10.0.0.0/32", "10.0.0.1/32 10.0.0.3/32")]
    [InlineData("224.0.0.0/3", "240.0.0.0/4", "224.0.0.0/4")]
    public void A_prefix_without_others(string whole, string exceptions, string rest) =>
        Assert.Equal(rest, string.Join(' ', Prefixes.Without(IPNetwork.Parse(whole), [.. exceptions.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => IPNetwork.Parse(text))])));
}
