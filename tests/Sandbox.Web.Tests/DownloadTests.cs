using System.Text;
using Xunit;

namespace Sandbox.Web.Tests;

/// <summary>Downloads as programs make them: with HEAD, in ranges, and only if something changed.</summary>
public sealed class DownloadTests
{
    [Fact]
    public async Task Head_says_how_long_a_file_is_and_sends_none_of_it()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var file = await FileAsync(client);

        var answer = await client.SendAsync(HttpMethod.Head, file);

        Assert.Equal((200, 10L, "bytes"), (answer.Status, answer.Message.Content.Headers.ContentLength ?? -1, answer.Message.Headers.AcceptRanges.ToString()));
        Assert.NotNull(answer.Message.Headers.ETag);
        Assert.NotNull(answer.Message.Content.Headers.LastModified);
        Assert.Equal(404, (await client.SendAsync(HttpMethod.Head, file + "-none")).Status);
    }

    [Theory]
    [InlineData("bytes=0-0", "0", "bytes 0-0/10")]
    [InlineData("bytes=3-5", "345", "bytes 3-5/10")]
    [InlineData("bytes=7-", "789", "bytes 7-9/10")]
    [InlineData("bytes=-2", "89", "bytes 8-9/10")]
    [InlineData("bytes=-99", "0123456789", "bytes 0-9/10")]
    [InlineData("bytes=8-99", "89", "bytes 8-9/10")]
    public async Task Range_of_a_file_is_sent_alone(string range, string text, string said)
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();

        var answer = await AskAsync(client, await FileAsync(client), range);

        Assert.Equal((206, text, said, (long?)text.Length), (answer.Status, answer.Text, answer.Message.Content.Headers.ContentRange!.ToString(), answer.Message.Content.Headers.ContentLength));
    }

    [Fact]
    public async Task Range_beyond_the_file_is_416_and_several_ranges_get_all_of_it()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var file = await FileAsync(client);

        var beyond = await AskAsync(client, file, "bytes=10-");
        var several = await AskAsync(client, file, "bytes=0-1,4-5");
        var stale = await AskAsync(client, file, "bytes=0-1", ifRange: "\"other\"");

        Assert.Equal((416, "bytes */10"), (beyond.Status, beyond.Message.Content.Headers.ContentRange!.ToString()));
        Assert.All([several, stale], whole => Assert.Equal((200, 10L, "0123456789"), (whole.Status, whole.Message.Content.Headers.ContentLength ?? -1, whole.Text)));
    }

    [Fact]
    public async Task Log_of_the_images_own_command_is_text_for_its_owner_alone()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        using var stranger = web.NewClient();
        await stranger.GetAsync("/api/v1/playgrounds");
        var sandbox = (await client.LaunchAsync()).Sandbox;

        var log = await client.GetAsync($"/api/v1/sandboxes/{sandbox}/log?follow=1");

        Assert.Equal((200, "text/plain; charset=utf-8"), (log.Status, log.Message.Content.Headers.ContentType!.ToString()));
        Assert.Equal(404, (await stranger.GetAsync($"/api/v1/sandboxes/{sandbox}/log")).Status);
        Assert.Equal((400, "invalid"), (await client.GetAsync($"/api/v1/sandboxes/{sandbox}/log?follow=yes")) is var refused ? (refused.Status, refused.Code) : default);
    }

    private static async Task<string> FileAsync(Client client)
    {
        var file = $"/api/v1/sandboxes/{(await client.LaunchAsync()).Sandbox}/files/root/digits";
        Assert.Equal(204, (await client.PutBytesAsync(file, Encoding.ASCII.GetBytes("0123456789"))).Status);
        return file;
    }

    private static Task<Answer> AskAsync(Client client, string file, string range, string? ifRange = null)
    {
        client.Headers["Range"] = range;
        client.Headers.Remove("If-Range");
        if (ifRange is not null)
        {
            client.Headers["If-Range"] = ifRange;
        }

        return client.GetAsync(file);
    }
}
