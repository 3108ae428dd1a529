using System.Formats.Tar;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

public sealed class FileTests
{
    [Fact]
    public async Task Files_are_written_read_listed_packed_and_removed()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var files = $"/api/v1/sandboxes/{sandbox}/files";

        Assert.Equal(204, (await caller.PutAsync(files + "/new/parents/tool?mode=0750", "#!/bin/sh\necho hi\n"u8.ToArray())).Status);
        Assert.Equal("hi\n", await caller.ShellAsync(sandbox, "/new/parents/tool"));
        Assert.Equal(204, (await caller.PutAsync(files + "/new/parents/empty", [])).Status);
        var read = await caller.GetAsync(files + "/new/parents/tool");
        Assert.Equal("#!/bin/sh\necho hi\n", read.Text);
        Assert.Equal("application/octet-stream", read.Message.Content.Headers.ContentType!.MediaType);
        Assert.Contains("sandbox", read.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.StartsWith("attachment", read.Header("Content-Disposition"), StringComparison.Ordinal);
        Assert.Equal("nosniff", read.Header("X-Content-Type-Options"));

        await caller.ShellAsync(sandbox, "ln -s tool /new/parents/link; mkdir /new/parents/dir; mkfifo /new/parents/pipe");
        var listing = (await caller.GetAsync(files + "/new/parents")).Json.AsArray();
        Assert.Equal(
            ["dir directory", "empty file", "link symlink", "pipe other", "tool file"],
            listing.Select(entry => $"{entry!["name"]} {entry["type"]}").Order(StringComparer.Ordinal));
        var tool = listing.Single(entry => (string)entry!["name"]! == "tool")!;
        Assert.Equal(("0750", 18), ((string)tool["mode"]!, (int)tool["size"]!));
        Assert.True((DateTimeOffset.UtcNow - (DateTimeOffset)tool["modified"]!).Duration() < TimeSpan.FromMinutes(10));
        Assert.Equal(200, (await caller.GetAsync(files)).Status);
        Assert.Equal(200, (await caller.GetAsync(files + "/")).Status);
        Assert.Equal(400, (await caller.GetAsync(files + "/new/parents/pipe")).Status);

        var tar = await caller.GetAsync(files + "/new/parents?archive=tar");
        Assert.Equal("application/x-tar", tar.Message.Content.Headers.ContentType!.MediaType);
        using var reader = new TarReader(new MemoryStream(tar.Body));
        var packed = new List<string>();
        while (await reader.GetNextEntryAsync(copyData: true, TestContext.Current.CancellationToken) is { } entry)
        {
            packed.Add(entry.Name.TrimEnd('/').Split('/')[^1]);
            if (entry.Name.EndsWith("tool", StringComparison.Ordinal))
            {
                Assert.Equal((UnixFileMode)0b111_101_000, entry.Mode);
                Assert.Equal("#!/bin/sh\necho hi\n", await new StreamReader(entry.DataStream!).ReadToEndAsync(TestContext.Current.CancellationToken));
            }
        }

        Assert.Superset(new HashSet<string> { "tool", "empty", "link", "dir" }, packed.ToHashSet());

        Assert.Equal(204, (await caller.DeleteAsync(files + "/new")).Status);
        Assert.Equal("not_found", (await caller.GetAsync(files + "/new/parents/tool")).Code);
        Assert.Equal("not_found", (await caller.DeleteAsync(files + "/new")).Code);
    }

    [Fact]
    public async Task Names_are_bytes()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var files = $"/api/v1/sandboxes/{sandbox}/files";
        foreach (var name in new[] { "%FF%FE", "a%20b%3Fc%23d%25e", "na%C3%AFve", "%0Anew%0Dline", "%22quo%27te%22", "+plus", "semi;colon", "%E2%80%AEexe.txt", "-rf", "%5Cback" })
        {
            Assert.True((await caller.PutAsync($"{files}/odd/{name}", Encoding.ASCII.GetBytes(name))).Status == 204, name);
            var read = await caller.GetAsync($"{files}/odd/{name}");
            Assert.True(read.Status == 200, name + read.Text);
            Assert.Equal(name, read.Text);

            // A name is somebody's bytes: in a header it must stay one value of one line.
            Assert.DoesNotContain('\n', read.Header("Content-Disposition")!);
            Assert.Null(read.Header("new"));
        }

        var listing = (await caller.GetAsync(files + "/odd")).Json.AsArray();
        Assert.Equal(10, listing.Count);
        Assert.Equal([0xFF, 0xFE], Convert.FromBase64String((string)listing.Single(entry => entry!["nameBytes"] is not null)!["nameBytes"]!));
        Assert.Contains(listing, entry => (string?)entry!["name"] == "naïve");
        Assert.Contains(listing, entry => (string?)entry!["name"] == "\nnew\rline");

        // An encoded slash is a slash once it is decoded, as in any path of a sandbox.
        Assert.Equal("+plus", (await caller.GetAsync(files + "/odd%2F+plus")).Text);
    }

    [Fact]
    public async Task A_path_that_climbs_or_is_malformed_is_refused()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var files = $"/api/v1/sandboxes/{sandbox}/files";
        foreach (var path in new[] { "/../../../../etc/shadow", "/tmp/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/%2E./etc/passwd", "/a%00b", "/%zz", "/%", "/%4" })
        {
            var read = await caller.GetAsync(files + path);
            Assert.True(read.Status is 400 or 404, path + ": " + read.Status.ToString(CultureInfo.InvariantCulture));
            Assert.DoesNotContain("root:", read.Text, StringComparison.Ordinal);
            Assert.True((await caller.PutAsync(files + path, [1])).Status is 400 or 404 or 405, path);
        }

        Assert.Equal(400, (await caller.GetAsync(files + "/" + new string('a', 5000))).Status);
        Assert.Equal(400, (await caller.GetAsync(files + "/" + new string('a', 300))).Status is var status && status == 404 ? 400 : status);
        Assert.Equal("invalid", (await caller.PutAsync(files + "/tmp/x?mode=9", [1])).Code);
        Assert.Equal("invalid", (await caller.GetAsync(files + "/tmp?archive=zip")).Code);
        Assert.True((await caller.DeleteAsync(files + "/")).Status is 400 or 409);
        Assert.True((await caller.PutAsync(files + "/tmp", [1])).Status is 400 or 409);

        // A link out of the sandbox leads to the sandbox's own file of that name.
        await caller.ShellAsync(sandbox, "ln -s ../../../../../../../../etc/hostname /tmp/out; ln -s / /tmp/all");
        Assert.Equal(await caller.ShellAsync(sandbox, "cat /etc/hostname"), (await caller.GetAsync(files + "/tmp/out")).Text);
        Assert.Equal(204, (await caller.PutAsync(files + "/tmp/all/root/through", [7])).Status);
        Assert.Equal("1\n", await caller.ShellAsync(sandbox, "wc -c < /root/through"));
    }

    [Fact]
    public async Task Fifty_megabytes_go_through_both_ways()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var bytes = RandomNumberGenerator.GetBytes(50 * 1024 * 1024);
        Assert.Equal(204, (await caller.PutAsync($"/api/v1/sandboxes/{sandbox}/files/big", bytes)).Status);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), (await caller.ShellAsync(sandbox, "sha256sum /big"))[..64]);
        var read = (await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/files/big")).Body;
        Assert.True(bytes.AsSpan().SequenceEqual(read));
    }

    [Fact]
    public async Task A_full_disk_is_507_and_keeps_the_old_file()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var files = $"/api/v1/sandboxes/{sandbox}/files";
        Assert.Equal(204, (await caller.PutAsync(files + "/root/kept", "old"u8.ToArray())).Status);

        // Fills the disk without writing a gigabyte: the file has blocks and no content.
        await caller.ShellAsync(sandbox, "fallocate -l $(($(df -k / | tail -n 1 | awk '{print $4}') * 1024 - 8388608)) /fill || { fallocate -l 900M /fill; }");
        var refused = await caller.PutAsync(files + "/root/kept", new byte[32 * 1024 * 1024]);
        Assert.Equal((507, "disk_full"), (refused.Status, refused.Code));
        Assert.Equal("old", (await caller.GetAsync(files + "/root/kept")).Text);
        Assert.Equal("kept\n", await caller.ShellAsync(sandbox, "ls -A /root"));
    }

    [Fact]
    public async Task A_cut_off_upload_leaves_the_old_file()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var path = $"/api/v1/sandboxes/{sandbox}/files/root/kept";
        await caller.PutAsync(path, "old"u8.ToArray());
        using (var socket = await caller.ConnectSocketAsync(TestContext.Current.CancellationToken))
        {
            var head = $"PUT {path} HTTP/1.1\r\nHost: {Instance.Url.Authority}\r\nAuthorization: {caller.Headers["Authorization"]}\r\nContent-Length: 1000000\r\n\r\n";
            await socket.SendAsync(Encoding.ASCII.GetBytes(head + new string('n', 200_000)), TestContext.Current.CancellationToken);
            await Task.Delay(300, TestContext.Current.CancellationToken);
        }

        await Instance.UntilAsync(async () => await caller.ShellAsync(sandbox, "ls -A /root") == "kept\n");
        Assert.Equal("old", (await caller.GetAsync(path)).Text);
    }
}
