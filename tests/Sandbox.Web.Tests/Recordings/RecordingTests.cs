using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Sandboxes;
using Xunit;

namespace Sandbox.Web.Tests.Recordings;

/// <summary>A person who records a terminal whose holder prints what the test says.</summary>
public sealed class RecordingTests
{
    private const string Emptied = "\x18\e[?1047l\e[!p\e[H\e[2J";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_recording_begins_with_the_screen_that_its_page_shows()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var started = await place.Client.PostAsync(place.Recordings, new { screen = "\e[H\e[2J\e[32m$\e[0m " });
        var id = (string)started.Json!["id"]!;
        await place.Holder.RecordersAsync();
        await place.Holder.PrintAsync("ls\r\n"u8.ToArray());

        await WebUnderTest.Until(async () => (await place.CastAsync(id)).Output == "\e[H\e[2J\e[32m$\e[0m ls\r\n");
        Assert.Equal(400, (await place.Client.PostAsync(place.Recordings, new { screen = new string('x', (128 * 1024) + 1) })).Status);
    }

    [Fact]
    public async Task What_is_printed_from_then_on_is_recorded_with_sizes_and_marks_and_nothing_that_is_typed()
    {
        // Of the second one, which holds another nonce, there is no mark.
        const string Marks = $"ls -l\r\n\e]633;E;ls -l;{ScriptedHolder.Nonce}\a\e]633;C;{ScriptedHolder.Nonce}\a\e]633;E;evil;n\a\e]633;C;n\a";
        await using var place = await RecordedTerminal.OpenAsync();
        await place.Holder.PrintAsync("before"u8.ToArray());
        var started = await place.Client.PostAsync(place.Recordings, new { name = "First steps", cols = 100, rows = 30 });
        Assert.Equal(201, started.Status);
        var id = (string)started.Json!["id"]!;
        Assert.Equal(("recording", "First steps", 80, 24), ((string)started.Json["state"]!, (string)started.Json["name"]!, (int)started.Json["cols"]!, (int)started.Json["rows"]!));
        Assert.Equal($"/api/v1/recordings/{id}", started.Header("Location"));
        Assert.True((bool)(await place.Client.GetAsync($"/api/v1/sandboxes/{place.Sandbox}/terminals")).Json![0]!["recording"]!);
        await place.Holder.RecordersAsync();

        var viewing = place.Hub.StreamAsync<TerminalHubTests.Item>("Attach", place.Terminal, 0L, Token).GetAsyncEnumerator(Token);
        Assert.True(await viewing.MoveNextAsync());
        await place.Hub.InvokeAsync("Input", place.Terminal, "hunter2\r"u8.ToArray(), Token);
        await place.Hub.InvokeAsync("Resize", place.Terminal, 132, 43, Token);
        await place.Holder.PrintAsync(System.Text.Encoding.ASCII.GetBytes(Marks));
        await place.Holder.PrintAsync([0xE2, 0x98]);
        await place.Holder.PrintAsync([0x82, 0xFF, (byte)'!']);
        await WebUnderTest.Until(async () => (await place.CastAsync(id)) is var now && now.Output.EndsWith('!') && now.Of("r").Count == 2);
        var stopped = await place.Client.PostAsync($"/api/v1/recordings/{id}/stop");
        Assert.Equal((200, "finished", "stopped"), (stopped.Status, (string)stopped.Json!["state"]!, (string)stopped.Json["reason"]!));

        var answer = await place.Client.GetAsync($"/api/v1/recordings/{id}/cast");
        var cast = new Cast(answer.Body);
        Assert.Equal((80, 24), ((int)cast.Header["width"]!, (int)cast.Header["height"]!));
        Assert.Equal("ls -l\r\n☂\uFFFD!", cast.Output);
        Assert.Equal(["80x24", "132x43"], cast.Of("r"));
        Assert.Equal(["ls -l"], cast.Of("m"));
        Assert.DoesNotContain("hunter2", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(ScriptedHolder.Nonce, answer.Text, StringComparison.Ordinal);
        Assert.Equal(answer.Body.Length, (long)stopped.Json["bytes"]!);
        Assert.Equal("application/x-asciicast", answer.Header("Content-Type"));
        Assert.StartsWith("attachment", answer.Header("Content-Disposition"), StringComparison.Ordinal);
        Assert.Equal("sandbox; default-src 'none'", answer.Header("Content-Security-Policy"));
        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        Assert.Equal("ls -l\n☂\uFFFD!\n", (await place.Client.GetAsync($"/api/v1/recordings/{id}/transcript")).Text);
        Assert.False((bool)(await place.Client.GetAsync($"/api/v1/sandboxes/{place.Sandbox}/terminals")).Json![0]!["recording"]!);
    }

    [Theory]
    [InlineData("", 201)]
    [InlineData("Content-Length: 0\r\n", 201)]
    [InlineData("Content-Type: application/json\r\nContent-Length: 0\r\n", 201)]
    [InlineData("Content-Type: application/json\r\nContent-Length: 2\r\n", 201)]
    [InlineData("Content-Type: text/plain\r\nContent-Length: 2\r\n", 415)]
    [InlineData("Content-Length: 2\r\n", 415)]
    public async Task Recording_is_asked_for_with_a_body_or_without(string header, int status)
    {
        await using var place = await RecordedTerminal.OpenAsync();
        using var client = new TcpClient(place.Web.Url.Host, place.Web.Url.Port);
        var stream = client.GetStream();
        var body = header.Contains('2', StringComparison.Ordinal) ? "{}" : "";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {place.Recordings} HTTP/1.1\r\nHost: {place.Web.Url.Authority}\r\nAuthorization: Bearer {place.Token}\r\nConnection: close\r\n{header}\r\n{body}"), Token);
        using var answer = new StreamReader(stream);
        Assert.StartsWith($"HTTP/1.1 {status} ", await answer.ReadToEndAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_terminal_is_recorded_once_and_everybody_who_views_it_is_told()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var told = new ConcurrentQueue<(string, double?)>();
        place.Hub.On<string, double?>("Recording", (terminal, seconds) => told.Enqueue((terminal, seconds)));
        var viewing = place.Hub.StreamAsync<TerminalHubTests.Item>("Attach", place.Terminal, 0L, Token).GetAsyncEnumerator(Token).MoveNextAsync();
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Contains("a0")));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => place.Client.PostAsync(place.Recordings, new { })));
        Assert.Single(answers, answer => answer.Status == 201);
        Assert.All(answers.Where(answer => answer.Status != 201), answer => Assert.Equal((409, "conflict"), (answer.Status, answer.Code)));
        await WebUnderTest.Until(() => Task.FromResult(told.Count == 1));
        await place.Client.PostAsync($"/api/v1/recordings/{answers.Single(answer => answer.Status == 201).Json!["id"]}/stop");
        await WebUnderTest.Until(() => Task.FromResult(told.Count == 2));
        Assert.Equal([place.Terminal, place.Terminal], told.Select(one => one.Item1));
        Assert.NotNull(told.First().Item2);
        Assert.Null(told.Last().Item2);

        // Who comes later is told too.
        Assert.Equal(201, (await place.Client.PostAsync(place.Recordings, new { })).Status);
        await using var later = await place.ConnectAsync();
        var seen = new TaskCompletionSource<double?>();
        later.On<string, double?>("Recording", (_, seconds) => seen.TrySetResult(seconds));
        var watching = later.StreamAsync<TerminalHubTests.Item>("Attach", place.Terminal, 0L, Token).GetAsyncEnumerator(Token).MoveNextAsync();
        Assert.NotNull(await seen.Task.WaitAsync(Token));
        await place.Holder.PrintAsync("x"u8.ToArray());
        Assert.True(await viewing);
        Assert.True(await watching);
    }

    [Fact]
    public async Task The_recorder_acknowledges_no_more_than_the_fastest_viewer_holds()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var id = await place.RecordAsync();
        var items = place.Hub.StreamAsync<TerminalHubTests.Item>("Attach", place.Terminal, 0L, Token).GetAsyncEnumerator(Token);
        var next = items.MoveNextAsync();
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Contains("a0")));
        for (var block = 0; block < 4; block++)
        {
            await place.Holder.PrintAsync(Enumerable.Repeat((byte)'x', 60_000).ToArray());
            Assert.True(await next);
            next = items.MoveNextAsync();
        }

        await WebUnderTest.Until(async () => (await place.CastAsync(id)).Output.Length == 240_000);
        Assert.DoesNotContain(place.Holder.Seen, said => said.StartsWith('k') && said != "k0");

        await place.Hub.InvokeAsync("Ack", place.Terminal, 100_000L, Token);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Count(said => said == "k100000") >= 2));
        Assert.DoesNotContain("k240000", place.Holder.Seen);

        // As the holder does: after a minute without a word nobody is waited for.
        place.Web.Time.Shift += TimeSpan.FromSeconds(61);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Contains("k240000")));
        await place.Holder.ExitAsync(0);
        Assert.True(await next);
    }

    [Fact]
    public async Task Marks_of_which_nothing_is_recorded_are_acknowledged_all_the_same()
    {
        var marks = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("\e]633;P;x=1\a", 5000)));
        await using var place = await RecordedTerminal.OpenAsync();
        var id = await place.RecordAsync();
        var items = place.Hub.StreamAsync<TerminalHubTests.Item>("Attach", place.Terminal, 0L, Token).GetAsyncEnumerator(Token);
        var next = items.MoveNextAsync();
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Contains("a0")));
        for (var block = 0; block < 2; block++)
        {
            await place.Holder.PrintAsync(marks);
            Assert.True(await next);
            next = items.MoveNextAsync();
        }

        await place.Hub.InvokeAsync("Ack", place.Terminal, 120_000L, Token);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Count(said => said == "k120000") >= 2));
        Assert.Empty((await place.CastAsync(id)).Output);

        // Nobody keeps them any more, so that the next process goes on behind them.
        await place.RestartAsync(() => Task.CompletedTask);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Contains("a120000")));
        await place.Holder.PrintAsync("after"u8.ToArray());
        await place.UntilAsync(id, "after");
        Assert.Empty((await place.CastAsync(id)).Of("m"));
        await Record.ExceptionAsync(async () => await next);
    }

    [Fact]
    public async Task Who_only_watches_does_not_say_how_far_a_recorded_terminal_is_seen()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var id = await place.RecordAsync();
        var link = (string)(await place.Client.PostAsync($"/api/v1/terminals/{place.Terminal}/shares", new { access = "watch" })).Json!["url"]!;
        await using var watcher = await place.ConnectAsync(new Uri(link).Fragment[1..]);
        var seen = watcher.StreamAsync<TerminalHubTests.Item>("Attach", place.Terminal, 0L, Token).GetAsyncEnumerator(Token);
        var next = seen.MoveNextAsync();
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Contains("w0")));
        var items = place.Hub.StreamAsync<TerminalHubTests.Item>("Attach", place.Terminal, 0L, Token).GetAsyncEnumerator(Token);
        var owners = items.MoveNextAsync();
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Contains("a0")));
        for (var block = 0; block < 4; block++)
        {
            await place.Holder.PrintAsync(Enumerable.Repeat((byte)'x', 60_000).ToArray());
        }

        Assert.True(await next);
        Assert.True(await owners);
        await WebUnderTest.Until(async () => (await place.CastAsync(id)).Output.Length == 240_000);
        await watcher.InvokeAsync("Ack", place.Terminal, 200_000L, Token);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Contains("k200000")));

        await place.Hub.InvokeAsync("Ack", place.Terminal, 100_000L, Token);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Count(said => said == "k100000") >= 2));
        Assert.Single(place.Holder.Seen, said => said == "k200000");
    }

    [Fact]
    public async Task A_line_from_before_is_not_recorded_with_the_next_prompt_also_when_its_mark_comes_in_pieces_and_over_a_restart()
    {
        const string Prompt = $"\e]633;P;Integration=prompt;{ScriptedHolder.Nonce}\a\e]633;E;export TOKEN=s3cret;{ScriptedHolder.Nonce}\a\e]633;D;0;{ScriptedHolder.Nonce}\a";
        await using var place = await RecordedTerminal.OpenAsync();
        var id = await place.RecordAsync();
        await place.Holder.PrintAsync("one\r\n"u8.ToArray());
        foreach (var piece in System.Text.Encoding.ASCII.GetBytes(Prompt).Chunk(7))
        {
            await place.Holder.PrintAsync(piece);
        }

        await place.Holder.PrintAsync("# two"u8.ToArray());
        await place.Holder.PrintAsync(System.Text.Encoding.ASCII.GetBytes($"\e]633;E;export TO"));
        await place.UntilAsync(id, "one\r\n# two");
        await place.RestartAsync(() => place.Holder.PrintAsync(System.Text.Encoding.ASCII.GetBytes($"KEN=s3cret;{ScriptedHolder.Nonce}\athree")));
        await place.UntilAsync(id, "one\r\n# twothree");
        Assert.DoesNotContain("KEN", (await place.Client.GetAsync($"/api/v1/recordings/{id}/cast")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recording_goes_on_after_a_restart_where_it_was()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var id = await place.RecordAsync();
        await place.Holder.PrintAsync([(byte)'1', 0xE2, 0x98]);
        await place.UntilAsync(id, "1");
        await place.RestartAsync(async () =>
        {
            // As if it had been killed between an append and the note of it.
            await File.AppendAllTextAsync(Path.Combine(place.Directory, id + ".cast"), "[1,\"o\",\"torn", Token);
            await place.Holder.PrintAsync([0x82, (byte)'2']);
        });
        await place.UntilAsync(id, "1☂2");
        Assert.Contains("a1", place.Holder.Seen);
        await place.Holder.PrintAsync("3"u8.ToArray());
        await place.Holder.ExitAsync(0);
        await place.UntilAsync(id, "finished", "exited");
        Assert.Equal("1☂23", (await place.CastAsync(id)).Output);
        Assert.Equal([id + ".cast"], Directory.GetFiles(place.Directory).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_recording_whose_terminal_went_meanwhile_is_finished_with_what_it_holds()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var id = await place.RecordAsync();
        await place.Holder.PrintAsync("held"u8.ToArray());
        await place.UntilAsync(id, "held");
        await place.RestartAsync(async () =>
        {
            await place.Web.Runtime.Sandboxes.RemoveAsync(SandboxId.Parse(place.Sandbox), Token);
            await File.AppendAllTextAsync(Path.Combine(place.Directory, id + ".cast"), "[1,\"o\",\"torn", Token);
            await File.WriteAllTextAsync(Path.Combine(place.Directory, "aaaaaaaaaaaaaaaa.cast"), "nobody's", Token);
        });
        await place.UntilAsync(id, "finished", "closed");
        Assert.Equal("held", (await place.CastAsync(id)).Output);
        Assert.Equal([id + ".cast"], Directory.GetFiles(place.Directory).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_command_that_was_typed_without_echo_is_marked_without_its_line()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var id = await place.RecordAsync();
        await place.Holder.PrintAsync(Encoding.UTF8.GetBytes($"stty -echo\r\n{Ran("stty -echo")}\r\n{Ran("export TOKEN=topsecret99")}\r\n{Ran("stty echo")}\r\n"));

        // With corrections, and cut into pieces.
        foreach (var piece in Encoding.UTF8.GetBytes($"makw\b\e[Ke all\r\n{Ran("make all")}\r\n{Ran("export TOKEN=topsecret99")}.").Chunk(3))
        {
            await place.Holder.PrintAsync(piece);
        }

        await WebUnderTest.Until(async () => (await place.CastAsync(id)).Output.EndsWith('.'));
        Assert.Equal(["stty -echo", "Command", "Command", "make all", "Command"], (await place.CastAsync(id)).Of("m"));
        Assert.DoesNotContain("topsecret99", (await place.Client.GetAsync($"/api/v1/recordings/{id}/cast")).Text, StringComparison.Ordinal);

        static string Ran(string line) =>
            $"\e]633;E;{line};{ScriptedHolder.Nonce}\a\e]633;C;{ScriptedHolder.Nonce}\a\e]633;D;0;{ScriptedHolder.Nonce}\a\e]633;A;{ScriptedHolder.Nonce}\a$ \e]633;B;{ScriptedHolder.Nonce}\a";
    }

    [Fact]
    public async Task Lost_output_is_marked_and_what_follows_is_played_on_an_empty_screen()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var id = await place.RecordAsync();
        await place.Holder.PrintAsync("one\e[?1049h\e]0;cut"u8.ToArray());
        place.Holder.Lose(1000);
        await place.Holder.PrintAsync("two"u8.ToArray());
        await place.UntilAsync(id, $"one\e[?1049h\e]0;cut{Emptied}two");
        Assert.Equal(["1000 bytes of output were lost here"], (await place.CastAsync(id)).Of("m"));
        Assert.Equal("onetwo\n", (await place.Client.GetAsync($"/api/v1/recordings/{id}/transcript")).Text);
    }

    [Fact]
    public async Task A_screen_in_place_of_lost_output_is_not_recorded_and_counts_as_far_as_it_goes()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        await place.Holder.PrintAsync("before, a secret\r\n"u8.ToArray());
        var id = await place.RecordAsync();
        await place.Holder.PrintAsync("one\r\n"u8.ToArray());
        await place.UntilAsync(id, "one\r\n");

        // With the mark of a command in it, as it would be with a screen that were read as output.
        var screen = Encoding.ASCII.GetBytes($"\e[H\e[2Jbefore, a secret\r\none\r\n\e]633;E;one;{ScriptedHolder.Nonce}\a\e]633;C;{ScriptedHolder.Nonce}\a");
        await place.Holder.DrawAsync(100_000, screen);
        await place.Holder.PrintAsync("two\r\n"u8.ToArray());
        await place.UntilAsync(id, $"one\r\n{Emptied}two\r\n");
        Assert.Equal(["100000 bytes of output were lost here"], (await place.CastAsync(id)).Of("m"));
        Assert.DoesNotContain("secret", (await place.Client.GetAsync($"/api/v1/recordings/{id}/cast")).Text, StringComparison.Ordinal);

        // Nobody views it, so what was skipped is acknowledged with the rest after a minute; and the next process goes on behind it.
        place.Web.Time.Shift += TimeSpan.FromSeconds(61);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Contains("k100028")));
        await place.RestartAsync(() => place.Holder.PrintAsync("three"u8.ToArray()));
        await place.UntilAsync(id, $"one\r\n{Emptied}two\r\nthree");
        Assert.Contains("a100028", place.Holder.Seen);
        Assert.Single((await place.CastAsync(id)).Of("m"));
    }

    [Fact]
    public async Task A_command_whose_end_was_lost_has_no_line_of_the_next_one()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var id = await place.RecordAsync();
        await place.Holder.PrintAsync(Encoding.ASCII.GetBytes($"{Prompt("")}make\r\nexport TOKEN=1 is what to type\r\n\e]633;E;export"));
        place.Holder.Lose(1000);
        await place.Holder.PrintAsync(Encoding.ASCII.GetBytes($"{Prompt("export TOKEN=1")}id\r\nuid=0\r\n{Prompt("id")}"));
        await WebUnderTest.Until(async () => (await place.CastAsync(id)).Of("m").Contains("id"));
        // With the mark that had begun.
        Assert.Equal(["1014 bytes of output were lost here", "id"], (await place.CastAsync(id)).Of("m"));

        static string Prompt(string line) =>
            $"\e]633;P;Integration=prompt;{ScriptedHolder.Nonce}\a\e]633;E;{line};{ScriptedHolder.Nonce}\a\e]633;D;0;{ScriptedHolder.Nonce}\a\e]633;A;{ScriptedHolder.Nonce}\a# \e]633;B;{ScriptedHolder.Nonce}\a";
    }

    [Fact]
    public async Task Whoever_says_they_hold_more_than_they_were_sent_is_not_believed()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var id = await place.RecordAsync();
        var items = place.Hub.StreamAsync<TerminalHubTests.Item>("Attach", place.Terminal, long.MaxValue, Token).GetAsyncEnumerator(Token);
        var next = items.MoveNextAsync();
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Count(said => said[0] == 'a') == 2));
        for (var block = 0; block < 4; block++)
        {
            await place.Holder.PrintAsync(Enumerable.Repeat((byte)'x', 60_000).ToArray());
            Assert.True(await next);
            next = items.MoveNextAsync();
            if (block == 0)
            {
                await place.Hub.InvokeAsync("Ack", place.Terminal, long.MaxValue - 1, Token);
            }
        }

        await WebUnderTest.Until(async () => (await place.CastAsync(id)).Output.Length == 240_000);
        Assert.Subset(new HashSet<string>(StringComparer.Ordinal) { "k0", "k60000", "k" + (long.MaxValue - 1) }, place.Holder.Seen.Where(said => said[0] == 'k').ToHashSet(StringComparer.Ordinal));
        await place.Holder.ExitAsync(0);
        Assert.True(await next);
    }
}
