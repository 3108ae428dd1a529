using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

[Collection(typeof(Alone))]
public sealed class UploadTests
{
    [Fact]
    public async Task A_file_in_parts_appears_with_its_last_byte()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var bytes = RandomNumberGenerator.GetBytes(3_000_000);

        var begun = await caller.SendAsync(HttpMethod.Post, $"/api/v1/sandboxes/{sandbox}/files/up/%FFodd?mode=0750", Part([], length: bytes.Length));
        Assert.Equal(201, begun.Status);
        Assert.Equal(("1.0.0", "0"), (begun.Header("Tus-Resumable"), begun.Header("Upload-Offset")));
        var upload = begun.Header("Location")!;
        Assert.Equal($"/api/v1/sandboxes/{sandbox}/uploads/{begun.Json["id"]}", upload);
        Assert.NotNull(begun.Header("Upload-Expires"));

        var first = await caller.SendAsync(HttpMethod.Patch, upload, Part(bytes[..1_000_000], offset: 0));
        Assert.Equal((204, "1000000"), (first.Status, first.Header("Upload-Offset")));
        var head = await caller.SendAsync(HttpMethod.Head, upload);
        Assert.Equal((200, "1000000", "3000000", "no-store"), (head.Status, head.Header("Upload-Offset"), head.Header("Upload-Length"), head.Header("Cache-Control")));
        Assert.Equal(1_000_000, (long)(await caller.GetAsync(upload)).Json["offset"]!);
        Assert.Equal(404, (await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/files/up/%FFodd")).Status);
        Assert.Equal("conflict", (await caller.SendAsync(HttpMethod.Patch, upload, Part([1], offset: 7))).Code);

        // Also after restarts in between.
        await Instance.KillAsync("web");
        await Instance.KillAsync("daemon");
        await Instance.ReadyAsync();
        await Instance.UntilAsync(async () => (await caller.SendAsync(HttpMethod.Head, upload)).Status == 200);
        var last = await caller.SendAsync(HttpMethod.Patch, upload, Part(bytes[1_000_000..], offset: 1_000_000));
        Assert.Equal((204, "3000000"), (last.Status, last.Header("Upload-Offset")));
        Assert.Equal("3000000", (await caller.SendAsync(HttpMethod.Head, upload)).Header("Upload-Offset"));
        var read = await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/files/up/%FFodd");
        Assert.True(bytes.AsSpan().SequenceEqual(read.Body));
        Assert.Equal("-rwxr-x---\n", await caller.ShellAsync(sandbox, "ls -l /up | tail -n 1 | cut -c 1-10"));
        Assert.Equal("1\n", await caller.ShellAsync(sandbox, "ls -A /up | wc -l"));
    }

    [Fact]
    public async Task A_small_file_goes_with_the_request_that_begins_it()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var files = $"/api/v1/sandboxes/{sandbox}/files";

        var whole = await caller.SendAsync(HttpMethod.Post, files + "/root/whole", Part("hello"u8.ToArray(), length: 5));
        Assert.Equal((201, "5"), (whole.Status, whole.Header("Upload-Offset")));
        Assert.Equal("hello", (await caller.GetAsync(files + "/root/whole")).Text);
        Assert.Equal(201, (await caller.SendAsync(HttpMethod.Post, files + "/root/empty", Part([], length: 0))).Status);
        Assert.Equal("", (await caller.GetAsync(files + "/root/empty")).Text);

        // More than was announced: nothing of it stays, because nobody knows its address.
        Assert.Equal("too_large", (await caller.SendAsync(HttpMethod.Post, files + "/root/more", Part("hello"u8.ToArray(), length: 4))).Code);
        Assert.Equal("empty\nwhole\n", await caller.ShellAsync(sandbox, "ls -A /root | sort"));
    }

    [Fact]
    public async Task A_malformed_too_large_or_foreign_upload_is_refused()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var files = $"/api/v1/sandboxes/{sandbox}/files/root/file";
        Assert.Equal("invalid", (await caller.SendAsync(HttpMethod.Post, files, Part([]))).Code);
        Assert.Equal("invalid", (await caller.SendAsync(HttpMethod.Post, files + "?mode=9", Part([], length: 1))).Code);
        Assert.Equal("too_large", (await caller.SendAsync(HttpMethod.Post, files, Part([], length: 1L << 40))).Code);
        var full = await caller.SendAsync(HttpMethod.Post, files, Part([], length: 1L << 30));
        Assert.Equal((507, "disk_full"), (full.Status, full.Code));
        Assert.Contains("1.1 GB needed", full.Text, StringComparison.Ordinal);
        Assert.Contains("free", full.Text, StringComparison.Ordinal);

        var upload = (await caller.SendAsync(HttpMethod.Post, files, Part([], length: 4))).Header("Location")!;
        Assert.Equal("invalid", (await caller.SendAsync(HttpMethod.Patch, upload, Part([1]))).Code);
        var wrongType = Part([1], offset: 0);
        wrongType.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        Assert.Equal((415, "unsupported_media_type"), (await caller.SendAsync(HttpMethod.Patch, upload, wrongType)) is var type ? (type.Status, type.Code) : default);
        var wrongVersion = Part([1], offset: 0);
        wrongVersion.Headers.TryAddWithoutValidation("Tus-Resumable", "0.2.2");
        Assert.Equal(412, (await caller.SendAsync(HttpMethod.Patch, upload, wrongVersion)).Status);
        Assert.Equal("too_large", (await caller.SendAsync(HttpMethod.Patch, upload, Part([1, 2, 3, 4, 5], offset: 0))).Code);

        await using var stranger = await Caller.NewGuestAsync();
        Assert.Equal(404, (await stranger.SendAsync(HttpMethod.Head, upload)).Status);
        Assert.Equal(404, (await stranger.SendAsync(HttpMethod.Patch, upload, Part([1], offset: 0))).Status);
        Assert.Equal(404, (await stranger.DeleteAsync(upload)).Status);
        Assert.Equal(404, (await stranger.SendAsync(HttpMethod.Post, files, Part([], length: 1))).Status);
        Assert.Equal(404, (await caller.SendAsync(HttpMethod.Head, upload[..^16] + "..%2F..%2Fx")).Status);

        Assert.Equal("0", (await caller.SendAsync(HttpMethod.Head, upload)).Header("Upload-Offset"));
        Assert.Equal(204, (await caller.DeleteAsync(upload)).Status);
        Assert.Equal(404, (await caller.SendAsync(HttpMethod.Head, upload)).Status);
        Assert.Equal("", await caller.ShellAsync(sandbox, "ls -A /root"));
    }

    [Fact]
    public async Task A_part_that_was_cut_off_stays_and_a_second_writer_is_refused()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var upload = (await caller.SendAsync(HttpMethod.Post, $"/api/v1/sandboxes/{sandbox}/files/root/file", Part([], length: 400_000))).Header("Location")!;
        using (var socket = await caller.ConnectSocketAsync(TestContext.Current.CancellationToken))
        {
            var head = $"PATCH {upload} HTTP/1.1\r\nHost: {Instance.Url.Authority}\r\nAuthorization: {caller.Headers["Authorization"]}\r\n"
                + "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: 400000\r\n\r\n";
            await socket.SendAsync(Encoding.ASCII.GetBytes(head + new string('n', 200_000)), TestContext.Current.CancellationToken);
            await Instance.UntilAsync(async () => (await caller.SendAsync(HttpMethod.Head, upload)).Header("Upload-Offset") == "200000");
            Assert.Equal((409, "conflict"), (await caller.SendAsync(HttpMethod.Patch, upload, Part([1], offset: 200_000))) is var second ? (second.Status, second.Code) : default);
        }

        await Instance.UntilAsync(async () => (await caller.SendAsync(HttpMethod.Patch, upload, Part(Encoding.ASCII.GetBytes(new string('m', 200_000)), offset: 200_000))).Status == 204);
        Assert.Equal("200000 200000\n", await caller.ShellAsync(sandbox, "cd /root; echo $(tr -d m < file | wc -c) $(tr -d n < file | wc -c)"));
    }

    [Fact]
    public async Task A_directory_is_made_and_a_terminal_shows_its_working_directory()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var made = $"/api/v1/sandboxes/{sandbox}/files/root/a/%FF?type=directory";
        Assert.Equal(204, (await caller.PutAsync(made, [])).Status);
        Assert.Equal(204, (await caller.PutAsync(made, [])).Status);
        Assert.Equal(413, (await caller.PutAsync(made, [1])).Status);
        Assert.Equal("invalid", (await caller.PutAsync($"/api/v1/sandboxes/{sandbox}/files/root/b?type=pipe", [])).Code);
        Assert.Equal("1\n", await caller.ShellAsync(sandbox, "ls -A /root/a | wc -l"));

        await using var hub = await caller.ConnectAsync();
        var terminal = await Microsoft.AspNetCore.SignalR.Client.HubConnectionExtensions.InvokeAsync<string>(
            hub, "Open", sandbox, 80, 24, (string[])["sh", "-c", "cd /root/a/* && exec sleep 1000"], TestContext.Current.CancellationToken);
        await Instance.UntilAsync(async () =>
        {
            var listed = (await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/terminals")).Json.AsArray().Single(each => (string)each!["id"]! == terminal)!;
            return (string?)listed["cwdBytes"] == Convert.ToBase64String([.. "/root/a/"u8, 0xFF]) && (string?)listed["cwd"] == "/root/a/\ufffd" && (string?)listed["home"] == "/root";
        });
    }

    private static ByteArrayContent Part(byte[] bytes, long? length = null, long? offset = null)
    {
        var part = new ByteArrayContent(bytes);
        part.Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
        if (length is { } whole)
        {
            part.Headers.TryAddWithoutValidation("Upload-Length", whole.ToString(CultureInfo.InvariantCulture));
        }

        if (offset is { } at)
        {
            part.Headers.TryAddWithoutValidation("Upload-Offset", at.ToString(CultureInfo.InvariantCulture));
        }

        return part;
    }
}
