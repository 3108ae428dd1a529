using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

public sealed class LaunchTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_stranger_clicks_an_image_types_and_reads_the_answer_after_a_reload_too()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);

        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("here=mine; echo $((6*7))");
        await visitor.SeesLineAsync("42");

        await visitor.Page.ReloadAsync();
        await visitor.ShellAsync();
        await visitor.SeesLineAsync("42");
        Assert.Equal(1, await visitor.Page.Locator(".ws-tab").CountAsync());
        await visitor.TypeAsync("echo still-$here");
        await visitor.SeesLineAsync("still-mine");
    }

    [Fact]
    public async Task With_screen_reader_support_the_answer_is_text_in_the_page()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");

        await visitor.ChooseAsync("screen-reader");
        await visitor.TypeAsync("echo read-$((6*7))");

        await Assertions.Expect(visitor.Page.Locator(".xterm-accessibility-tree")).ToContainTextAsync("read-42");
    }

    [Fact]
    public async Task The_keyboard_alone_is_enough()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.Page.GotoAsync("/");

        var reached = false;
        for (var press = 0; press < 30 && !reached; press++)
        {
            await visitor.Page.Keyboard.PressAsync("Tab");
            reached = await visitor.Page.EvaluateAsync<bool>("() => document.activeElement.matches(\".card[data-image='busybox'] a.launch\")");
        }

        Assert.True(reached, "Tab never came to the card.");
        await visitor.Page.Keyboard.PressAsync("Enter");
        await visitor.ShellAsync();
        await visitor.TypeAsync("echo keys-$((6*7))");
        await visitor.SeesLineAsync("keys-42");
    }

    [Fact]
    public async Task Python_answers()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("python");

        await visitor.SeesAsync(text => text.TrimEnd().EndsWith(">>>", StringComparison.Ordinal), "Python's prompt");
        await visitor.TypeAsync("'-'.join(str(n * n) for n in range(5))");
        await visitor.SeesLineAsync("'0-1-4-9-16'");
    }

    [Fact]
    public async Task The_fourth_launch_shows_the_limit_of_the_plan_and_where_to_end_a_playground()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        for (var launch = 0; launch < 3; launch++)
        {
            await visitor.LaunchAsync("busybox");
        }

        await visitor.Page.GotoAsync("/?image=busybox");

        await Assertions.Expect(visitor.Panel).ToContainTextAsync("You've reached your limit of 3 playgrounds.");
        await Assertions.Expect(visitor.Panel.GetByRole(AriaRole.Link, new() { Name = "Open busybox" })).ToHaveCountAsync(3);
        await visitor.Panel.GetByRole(AriaRole.Button, new() { Name = "End busybox" }).First.ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "End it", Exact = true }).ClickAsync();

        // The refused launch starts in its place.
        await visitor.ShellAsync();
        await visitor.Page.GotoAsync("/playgrounds");
        await Assertions.Expect(visitor.Page.Locator(".row[data-state='running']")).ToHaveCountAsync(3);
    }
}
