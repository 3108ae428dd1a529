using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Web.Store;
using Xunit;

namespace Sandbox.Web.Tests.Snippets;

/// <summary>The contract of codapi's pages, over the fake runtime; a browser runs their own script in the end-to-end tests.</summary>
public sealed class SnippetTests
{
    [Fact]
    public async Task Code_runs_in_a_sandbox_that_ends_with_it()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var page = Page(web);
        var answer = await page.PostAsync("/v1/exec", Body("echo hi"));
        Assert.Equal((200, "*"), (answer.Status, answer.Header("Access-Control-Allow-Origin")));
        Assert.Null(answer.Header("Access-Control-Allow-Credentials"));
        Assert.StartsWith("busybox_run_", (string?)answer.Json!["id"], StringComparison.Ordinal);
        Assert.True((long)answer.Json["duration"]! >= 0);
        Assert.Equal(["id", "ok", "duration", "stdout", "stderr"], answer.Json.AsObject().Select(member => member.Key));
        Assert.Null(answer.Header("Set-Cookie"));
        await EndedAsync(web);
        Assert.Equal(1, web.Runtime.Calls.Count(call => call == "Create"));
        Assert.Equal(1, web.Runtime.Calls.Count(call => call == "WriteFile"));
    }

    [Fact]
    public async Task A_page_asks_before_it_sends_and_whether_anybody_is_there()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var page = Page(web);
        var health = await page.SendAsync(HttpMethod.Head, "/v1/health");
        Assert.Equal((200, "*"), (health.Status, health.Header("Access-Control-Allow-Origin")));
        page.Headers["Access-Control-Request-Method"] = "POST";
        page.Headers["Access-Control-Request-Headers"] = "content-type";
        var asked = await page.SendAsync(HttpMethod.Options, "/v1/exec");
        Assert.Equal((204, "*"), (asked.Status, asked.Header("Access-Control-Allow-Origin")));
        Assert.Contains("content-type", asked.Header("Access-Control-Allow-Headers"), StringComparison.Ordinal);
        Assert.Contains("POST", asked.Header("Access-Control-Allow-Methods"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"sandbox":"nothing","files":{"":"x"}}""", 404)]
    [InlineData("""{"sandbox":"sh","version":"9","files":{"":"x"}}""", 404)]
    [InlineData("""{"files":{"":"x"}}""", 400)]
    [InlineData("""{"sandbox":"","files":{"":"x"}}""", 400)]
    [InlineData("""{"sandbox":"sh"}""", 400)]
    [InlineData("""{"sandbox":"sh","files":{}}""", 400)]
    [InlineData("""{"sandbox":"sh","files":{"other":"x"}}""", 400)]
    [InlineData("""{"sandbox":"sh","command":"deploy","files":{"":"x"}}""", 400)]
    [InlineData("""{"sandbox":"sh","files":{"":"x","../../etc/passwd":"x"}}""", 400)]
    [InlineData("""{"sandbox":"sh","files":{"":"x","/etc/passwd":"x"}}""", 400)]
    [InlineData("""{"sandbox":"sh","files":{"":"x","a":"data:;base64,?"}}""", 400)]
    [InlineData("""{"sandbox":["sh"],"files":{"":"x"}}""", 400)]
    [InlineData("null", 400)]
    [InlineData("{", 400)]
    public async Task Mistakes_have_the_statuses_that_its_pages_know(string body, int status)
    {
        await using var web = await WebUnderTest.StartAsync();
        using var page = Page(web);
        var answer = await page.PostAsync("/v1/exec", body);
        Assert.Equal((status, "*"), (answer.Status, answer.Header("Access-Control-Allow-Origin")));
        Assert.DoesNotContain("Create", web.Runtime.Calls);
    }

    [Fact]
    public async Task Large_code_is_413_and_too_much_of_it_429()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { LaunchBurst = 2, LaunchesPerMinute = 1 } });
        using var page = Page(web);
        var large = await page.PostAsync("/v1/exec", Body(new string('x', 300_000)));
        Assert.Equal((413, "too_large", "*"), (large.Status, large.Code, large.Header("Access-Control-Allow-Origin")));
        Assert.Equal(200, (await page.PostAsync("/v1/exec", Body("true"))).Status);
        Assert.Equal(200, (await page.PostAsync("/v1/exec", Body("true"))).Status);
        var refused = await page.PostAsync("/v1/exec", Body("true"));
        Assert.Equal((429, "rate", "*"), (refused.Status, refused.Code, refused.Header("Access-Control-Allow-Origin")));
    }

    [Fact]
    public async Task An_address_runs_two_at_a_time_and_nothing_is_left()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var page = Page(web);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (running, most) = (0, 0);
        web.Runtime.Before = async (call, cancellationToken) =>
        {
            if (call == "Exec")
            {
                most = Math.Max(most, Interlocked.Increment(ref running));
                await goOn.Task.WaitAsync(cancellationToken);
                Interlocked.Decrement(ref running);
            }
        };
        var runs = Enumerable.Range(0, 6).Select(_ => page.PostAsync("/v1/exec", Body("true"))).ToList();
        await WebUnderTest.Until(() => Task.FromResult(Volatile.Read(ref running) == 2));
        await Task.Delay(200, TestContext.Current.CancellationToken);
        goOn.SetResult();
        Assert.All(await Task.WhenAll(runs), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(2, most);
        await EndedAsync(web);
    }

    [Fact]
    public async Task A_caller_that_leaves_leaves_no_sandbox()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var page = Page(web);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        web.Runtime.Before = async (call, cancellationToken) =>
        {
            if (call == "Exec")
            {
                begun.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
        };
        using var left = new CancellationTokenSource();
        using var content = new StringContent(System.Text.Json.JsonSerializer.Serialize(Body("true")), Encoding.UTF8, "application/json");
        var run = page.SendUntilAsync(HttpMethod.Post, "/v1/exec", content, left.Token);
        await begun.Task;
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await EndedAsync(web);
    }

    /// <summary>Waits until no sandbox is there, and no record of one.</summary>
    private static Task EndedAsync(WebUnderTest web) => WebUnderTest.Until(async () =>
        web.Runtime.Calls.Contains("Create")
        && (await web.Runtime.Sandboxes.ListAsync(CancellationToken.None)).Count == 0
        && await web.Services.GetRequiredService<SqliteStore>().ReadAsync(db => db.Playgrounds.CountAsync()) == 0);

    private static object Body(string code) => new { sandbox = "sh", command = "run", files = new Dictionary<string, string> { [""] = code } };

    private static Client Page(WebUnderTest web)
    {
        var client = web.NewClient();
        client.Headers["Origin"] = "https://docs.example";
        return client;
    }
}
