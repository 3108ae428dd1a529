using Sandbox.Daemon.Terminals;
using Xunit;

namespace Sandbox.Daemon.Tests.Terminals;

public sealed class ShellScriptsTests
{
    private static readonly string[] Environment = ["PATH=/bin", "HOME=/root"];

    [Theory]
    [InlineData("bash", "bash|--rcfile|/dev/shell/bash", null)]
    [InlineData("/usr/bin/bash -i", "/usr/bin/bash|--rcfile|/dev/shell/bash|-i", null)]
    [InlineData("/bin/bash -l", "/bin/bash|-l", "PROMPT_COMMAND=. /dev/shell/bash")]
    [InlineData("zsh", "zsh", "ZDOTDIR=/dev/shell/zsh")]
    [InlineData("/usr/bin/fish -l", "/usr/bin/fish|--init-command|source /dev/shell/fish|-l", null)]
    [InlineData("sh", "sh", "ENV=/dev/shell/ash")]
    [InlineData("docker-entrypoint.sh bash", "docker-entrypoint.sh|bash|--rcfile|/dev/shell/bash", null)]
    [InlineData("/bin/busybox ash -l", "/bin/busybox|ash|-l", "ENV=/dev/shell/ash")]
    public void A_shell_to_type_in_is_started_with_its_script(string command, string started, string? variable)
    {
        Assert.True(ShellScripts.TryMark(command.Split(' '), Environment, out var marked, out var environment));
        Assert.Equal(started, string.Join('|', marked));
        Assert.Equal(variable is null ? Environment : [.. Environment, variable], environment);
    }

    [Theory]
    [InlineData("bash -c ls")]
    [InlineData("bash script.sh")]
    [InlineData("sh -ec ls")]
    [InlineData("bash --norc")]
    [InlineData("fish --no-config")]
    [InlineData("zsh -f")]
    [InlineData("busybox")]
    [InlineData("busybox cat")]
    [InlineData("python3")]
    [InlineData("psql -U postgres")]
    [InlineData("tini -- bash")]
    [InlineData("docker-entrypoint.sh postgres")]
    [InlineData("docker-entrypoint.sh")]
    public void Anything_else_is_started_as_it_is(string command)
    {
        Assert.False(ShellScripts.TryMark(command.Split(' '), Environment, out var marked, out var environment));
        Assert.Equal(command.Split(' '), marked);
        Assert.Equal(Environment, environment);
    }

    [Fact]
    public void What_the_image_set_itself_is_kept()
    {
        Assert.True(ShellScripts.TryMark(["sh"], ["ENV=/etc/shrc", "A=b"], out _, out var environment));
        Assert.Equal(["A=b", "ENV=/dev/shell/ash", "SANDBOX_ENV=/etc/shrc"], environment);
        Assert.False(ShellScripts.TryMark(["bash", "-l"], ["PROMPT_COMMAND=date"], out _, out _));
    }

    [Fact]
    public void The_scripts_lie_where_anybody_may_read_and_only_we_may_write()
    {
        var run = Directory.CreateTempSubdirectory("shells").FullName;
        try
        {
            var scripts = new ShellScripts(new DaemonOptions { RunDirectory = run });
            Assert.Equal(scripts.Directory, new ShellScripts(new DaemonOptions { RunDirectory = run }).Directory);
            Assert.Equal(scripts.Directory, Assert.Single(Directory.GetDirectories(run)));
            foreach (var file in (string[])["ash", "bash", "fish", "zsh/.zshenv"])
            {
                Assert.Contains("633;", File.ReadAllText(Path.Combine(scripts.Directory, file)), StringComparison.Ordinal);
                Assert.Equal((UnixFileMode)0b110_100_100, File.GetUnixFileMode(Path.Combine(scripts.Directory, file)));
            }

            Assert.Equal((UnixFileMode)0b111_101_101, File.GetUnixFileMode(scripts.Directory));
            Assert.Equal((UnixFileMode)0b111_101_101, File.GetUnixFileMode(Path.Combine(scripts.Directory, "zsh")));
        }
        finally
        {
            Directory.Delete(run, recursive: true);
        }
    }
}
