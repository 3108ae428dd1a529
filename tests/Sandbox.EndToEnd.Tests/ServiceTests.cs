using System.Text.Json;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>The page of an image whose own command is a server.</summary>
public sealed class ServiceTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_service_shows_its_log_with_a_shell_below_and_its_exit_code_when_it_ends()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await ReadyAsync(visitor, "redis");
        var launch = page.WaitForRequestAsync(request => request.Method == "POST" && request.Url.EndsWith("/api/v1/playgrounds", StringComparison.Ordinal));
        await visitor.LaunchAsync("redis");

        // The log is above, and the keys are the shell's.
        await Assertions.Expect(page.Locator(".ws-pane")).ToHaveCountAsync(2);
        await Assertions.Expect(page.Locator(".ws-tab").First).ToContainTextAsync("redis-server 1");
        await Eventually.TrueAsync(
            () => page.EvaluateAsync<bool>(
                """
                () => {
                  const buffer = document.querySelector('.ws-pane:not(.focused) .ws-xterm').terminal.buffer.active;
                  return Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row).translateToString(true)).join('').includes('Ready to accept connections');
                }
                """),
            "the server's log");
        await PingsAsync(visitor);

        // The server began with the size that the page had for it then, which was all of the stage.
        var wanted = JsonDocument.Parse((await launch).PostData!).RootElement.GetProperty("terminal");
        await page.Keyboard.PressAsync("Alt+Shift+Z");
        await Eventually.TrueAsync(
            async () => await visitor.AgreedSizeAsync() == (wanted.GetProperty("cols").GetInt32(), wanted.GetProperty("rows").GetInt32()),
            "the size that the page gave with the launch");

        await visitor.TypeAsync("redis-cli shutdown nosave");
        await visitor.StateIsAsync("stopped");
        await Assertions.Expect(visitor.Panel).ToContainTextAsync("exit code 0");
        await Assertions.Expect(visitor.Panel.Locator("pre")).ToContainTextAsync("Redis is now ready to exit");
        await visitor.Panel.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await Assertions.Expect(page.Locator(".ws-pane")).ToHaveCountAsync(2);
        await PingsAsync(visitor);
    }

    [Fact]
    public async Task A_database_is_added_and_psql_in_the_first_node_needs_no_arguments()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await ReadyAsync(visitor, "postgres");
        await visitor.LaunchAsync("debian");
        await visitor.ShellAsync();
        await visitor.InstallAsync("postgresql-client");
        await page.Keyboard.PressAsync("Alt+Shift+A");
        var nodes = page.GetByRole(AriaRole.Dialog, new() { Name = "Nodes" });
        await nodes.GetByRole(AriaRole.Button, new() { Name = "Add PostgreSQL" }).ClickAsync();
        await Assertions.Expect(nodes.GetByText("postgres runs. The other nodes reach it as postgres.")).ToBeVisibleAsync(Patient);
        await Assertions.Expect(nodes.Locator(".nodes-connect .hint")).ToContainTextAsync("have the address in POSTGRES_URL, and in DATABASE_URL and PGHOST");
        var address = await nodes.Locator("code").Filter(new() { HasText = "postgresql://postgres:" }).First.InnerTextAsync();

        // A terminal that is opened now finds it; one click more, and the second has variables of its own.
        var tabs = await page.Locator(".ws-tab").CountAsync();
        await nodes.GetByRole(AriaRole.Button, new() { Name = "Open a terminal in main" }).ClickAsync();
        await Assertions.Expect(page.Locator(".ws-tab")).ToHaveCountAsync(tabs + 1);
        await visitor.ShellAsync();
        await visitor.TypeAsync("until psql -Atc 'select 6 * 7' 2> /dev/null; do sleep 1; done; psql \"$DATABASE_URL\" -Atc 'select 8 * 8'");
        await visitor.SeesLineAsync("42");
        await visitor.SeesLineAsync("64");
        Assert.Equal(address, (await visitor.ExecAsync("echo $DATABASE_URL")).Trim());
        await page.Keyboard.PressAsync("Alt+Shift+A");
        await nodes.GetByRole(AriaRole.Button, new() { Name = "Add PostgreSQL" }).ClickAsync();
        await Assertions.Expect(nodes.GetByText("postgres2 runs.")).ToBeVisibleAsync(Patient);
        Assert.Equal("postgres postgres2\n", await visitor.ExecAsync("echo $PGHOST $POSTGRES2_HOST"));
        await Eventually.TrueAsync(async () => await visitor.ExecAsync("psql \"$POSTGRES2_URL\" -Atc 'select 6 * 7' 2> /dev/null") == "42\n", "the second database answers");
    }

    private static LocatorAssertionsToBeVisibleOptions Patient => new() { Timeout = (float)Eventually.Patience.TotalMilliseconds };

    private static Task ReadyAsync(Visitor visitor, string name) => Contract.Instance.UntilAsync(
        async () => (await (await visitor.Context.APIRequest.GetAsync("/api/v1/images")).JsonAsync())!.Value.EnumerateArray().Single(image => image.GetProperty("name").GetString() == name).GetProperty("state").GetString() == "ready", 600);

    private static async Task PingsAsync(Visitor visitor)
    {
        await Assertions.Expect(visitor.Page.Locator(".ws-pane.focused .ws-tab")).ToContainTextAsync("shell");
        await Assertions.Expect(visitor.Page.Locator(".ws-pane.focused textarea")).ToBeFocusedAsync();
        await visitor.ShellAsync();
        await visitor.TypeAsync("redis-cli ping");
        await visitor.SeesLineAsync("PONG");
    }
}
