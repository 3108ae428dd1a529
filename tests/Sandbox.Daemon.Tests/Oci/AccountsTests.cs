using Sandbox.Core.Errors;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Tests.Linux;
using Xunit;

namespace Sandbox.Daemon.Tests.Oci;

public sealed class AccountsTests : IDisposable
{
    private readonly HostileTree _tree = new();

    public AccountsTests()
    {
        Directory.CreateDirectory(_tree.At("etc"));
        Write(
            "passwd",
            """
            root:x:0:0:root:/root:/bin/bash
            # a comment
            broken line
            nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
            postgres:x:105:112:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash
            1000:x:7:7::relative:/bin/sh
            huge:x:65536:0::/:/bin/sh
            odd:x:-1:0::/:/bin/sh
            """);
        Write(
            "group",
            """
            root:x:0:
            audio:x:29:alice,postgres
            postgres:x:112:postgres
            huge:x:70000:postgres
            ssl-cert:x:108:postgres
            """);
    }

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("", 0, 0, "/root", "root")]
    [InlineData("root", 0, 0, "/root", "root")]
    [InlineData("postgres", 105, 112, "/var/lib/postgresql", "postgres", 29, 108)]
    [InlineData("105", 105, 112, "/var/lib/postgresql", "postgres", 29, 108)]
    [InlineData("postgres:audio", 105, 29, "/var/lib/postgresql", "postgres")]
    [InlineData("postgres:5", 105, 5, "/var/lib/postgresql", "postgres")]
    [InlineData("1234", 1234, 0, "/", "")]
    [InlineData("1234:5678", 1234, 5678, "/", "")]
    [InlineData("65535:65535", 65535, 65535, "/", "")]
    [InlineData("1000", 7, 7, "/", "1000")]
    [InlineData(":audio", 0, 29, "/root", "root")]
    public void A_user_is_found(string user, int uid, int gid, string home, string name, params int[] additional)
    {
        var account = Resolve(user);
        Assert.Equal(((uint)uid, (uint)gid, home, name), (account.Uid, account.Gid, account.Home, account.Name));
        Assert.Equal(additional.Select(group => (uint)group), account.AdditionalGids);
    }

    [Theory]
    [InlineData("alice", "no user 'alice'")]
    [InlineData("root:nogroup", "no group 'nogroup'")]
    [InlineData("huge", "too large")]
    [InlineData("65536", "too large")]
    [InlineData("0:65536", "too large")]
    [InlineData("-1", "no user '-1'")]
    [InlineData("odd", "no usable numbers")]
    [InlineData("99999999999999999999", "no user")]
    [InlineData("root:huge", "too large")]
    public void A_mistake_is_said(string user, string message)
    {
        var fault = Assert.Throws<SandboxException>(() => Resolve(user));
        Assert.Equal(ErrorCode.Invalid, fault.Code);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_without_accounts_has_root_and_numbers()
    {
        Directory.Delete(_tree.At("etc"), recursive: true);
        Assert.Equal((0u, 0u, "/"), (Resolve("").Uid, Resolve("").Gid, Resolve("").Home));
        Assert.Equal(5u, Resolve("5:6").Uid);
        Assert.Throws<SandboxException>(() => Resolve("root"));
    }

    [Fact]
    public void The_hosts_accounts_are_never_read()
    {
        File.Delete(_tree.At("etc/passwd"));
        File.WriteAllText(Path.Combine(_tree.Outside, "passwd"), "alice:x:1:1::/:/bin/sh\n");
        File.CreateSymbolicLink(_tree.At("etc/passwd"), Path.Combine(_tree.Outside, "passwd"));
        Assert.Throws<SandboxException>(() => Resolve("alice"));
    }

    [Theory]
    [InlineData("mkfifo etc/passwd")]
    [InlineData("mkdir etc/passwd")]
    [InlineData("truncate -s 1048577 etc/passwd")]
    [InlineData("ln -s passwd etc/passwd")]
    public void A_passwd_that_is_no_small_file_is_refused(string script)
    {
        _tree.Run($"rm etc/passwd; {script}");
        Assert.Equal(ErrorCode.Invalid, Assert.Throws<SandboxException>(() => Resolve("root")).Code);
    }

    [Fact]
    public void Lines_too_long_and_binary_ones_are_passed_over()
    {
        Write("passwd", $"alice:x:1:1:{new string('x', 5000)}:/:/bin/sh\nalice:x:2:2:\0:/:/bin/sh\nalice:x:3:3::/home/alice:/bin/sh");
        Assert.Equal((3u, "/home/alice"), (Resolve("alice").Uid, Resolve("alice").Home));
    }

    [Fact]
    public void The_groups_of_a_user_are_bounded()
    {
        Write("group", string.Concat(Enumerable.Range(1, 20_000).Select(i => $"g{i}:x:{i}:postgres\n")));
        Assert.Equal(256, Resolve("postgres").AdditionalGids.Count);
    }

    private Account Resolve(string user)
    {
        using var root = RootedDirectory.Open(_tree.Root);
        return Accounts.Resolve(root, user);
    }

    private void Write(string name, string content) => File.WriteAllText(_tree.At($"etc/{name}"), content);
}
