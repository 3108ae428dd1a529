using Sandbox.Core.Errors;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Tests.Linux;
using Xunit;

namespace Sandbox.Daemon.Tests.Oci;

public sealed class CommandLookupTests : IDisposable
{
    private static readonly string[] Environment = ["HOME=/", "PATH=/bin:/usr/bin"];
    private readonly HostileTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("mkdir -p bin usr/bin; touch usr/bin/bash bin/sh; chmod 755 usr/bin/bash bin/sh", "bash")]
    [InlineData("mkdir bin; touch bin/bash bin/busybox; chmod 755 bin/busybox; ln -s busybox bin/ash", "ash")]
    [InlineData("mkdir -p usr/bin; ln -s usr/bin bin; touch usr/bin/dash; chmod 755 usr/bin/dash; ln -s /usr/bin/dash bin/sh", "sh")]
    public void The_first_shell_that_can_be_executed_is_taken(string script, string shell)
    {
        _tree.Run(script);
        Assert.Equal(shell, CommandLookup.RequireShell(_tree.Root, Environment));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("mkdir -p bin/bash; mkfifo bin/ash; ln -s sh bin/sh")]
    [InlineData("mkdir bin; ln -s OUTSIDE/shell bin/sh")]
    [InlineData("ln -s OUTSIDE bin; ln -s shell OUTSIDE/sh")]
    public void What_only_looks_like_a_shell_is_none(string script)
    {
        File.WriteAllText(Path.Combine(_tree.Outside, "shell"), "");
        _tree.Run($"chmod 755 OUTSIDE/shell; {script}".Replace("OUTSIDE", _tree.Outside, StringComparison.Ordinal));
        Assert.Equal(ErrorCode.CommandNotFound, Assert.Throws<SandboxException>(() => CommandLookup.RequireShell(_tree.Root, Environment)).Code);
        Assert.Equal(ErrorCode.CommandNotFound, Assert.Throws<SandboxException>(() => CommandLookup.Require(_tree.Root, "sh", Environment, "/")).Code);
    }
}
