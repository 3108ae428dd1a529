using Sandbox.Daemon.Images;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

public sealed class InteractiveCommandTests
{
    [Theory]
    [InlineData("")]
    [InlineData("bash")]
    [InlineData("/bin/sh -l")]
    [InlineData("busybox")]
    [InlineData("busybox sh")]
    [InlineData("python3")]
    [InlineData("/usr/bin/python3.11 -i")]
    [InlineData("docker-entrypoint.sh node")]
    [InlineData("/usr/bin/tini -g -- bash")]
    [InlineData("bash --login")]
    public void What_reads_what_is_typed_is_interactive(string words) => Assert.True(Is(words));

    [Theory]
    [InlineData("postgres")]
    [InlineData("docker-entrypoint.sh postgres")]
    [InlineData("dockerd-entrypoint.sh")]
    [InlineData("sh -c serve")]
    [InlineData("bash -lc serve")]
    [InlineData("python3 app.py")]
    [InlineData("python3 -m http.server")]
    [InlineData("node server.js")]
    [InlineData("busybox httpd -f")]
    [InlineData("tini -- nginx")]
    [InlineData("python3-config")]
    [InlineData("bashful")]
    public void What_runs_something_is_a_service(string words) => Assert.False(Is(words));

    [Fact]
    public void The_command_follows_the_entrypoint()
    {
        Assert.True(InteractiveCommand.Is(["docker-entrypoint.sh"], ["node"]));
        Assert.False(InteractiveCommand.Is(["docker-entrypoint.sh"], ["postgres"]));
        Assert.False(InteractiveCommand.Is(["node"], ["server.js"]));
    }

    private static bool Is(string words) => InteractiveCommand.Is([], words.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
