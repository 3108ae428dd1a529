using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

public sealed partial class ManageTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task The_menu_pauses_resumes_stops_starts_and_ends_and_the_page_shows_the_reason()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("echo kept > /root/kept; mine=1");

        await visitor.ChooseAsync("pause");
        await visitor.StateIsAsync("paused");
        await Assertions.Expect(visitor.Panel).ToContainTextAsync("Paused");

        // The covered terminal gets no keys: they go to the panel.
        await visitor.TabsToAsync(visitor.Panel.GetByRole(AriaRole.Button, new() { Name = "Resume" }));
        await visitor.Page.Keyboard.PressAsync("Enter");
        await visitor.StateIsAsync("running");
        await Assertions.Expect(visitor.Panel).ToBeHiddenAsync();
        await visitor.TypeAsync("echo same-$mine");
        await visitor.SeesLineAsync("same-1");

        await visitor.ChooseAsync("stop");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Keep it running" }).ClickAsync();
        await visitor.TypeAsync("echo still-$mine");
        await visitor.SeesLineAsync("still-1");
        await visitor.StopAsync();
        await visitor.StateIsAsync("stopped");
        await Assertions.Expect(visitor.Panel).ToContainTextAsync("Your files are kept");
        await visitor.ChooseAsync("start");
        await visitor.StateIsAsync("running");
        await visitor.ShellAsync();
        await visitor.TypeAsync("cat /root/kept; echo fresh-$mine");
        await visitor.SeesLineAsync("kept");
        await visitor.SeesLineAsync("fresh-");

        await visitor.RestartAsync();
        await visitor.SeesAsync(text => !text.Contains("fresh-", StringComparison.Ordinal), "a terminal of its own after the restart");
        await visitor.ShellAsync();
        await visitor.TypeAsync("cat /root/kept");
        await visitor.SeesLineAsync("kept");

        await visitor.EndAsync();
        await visitor.StateIsAsync("ended");
        await Assertions.Expect(visitor.Panel).ToContainTextAsync("You ended it.");
        await Assertions.Expect(visitor.Page.Locator(".ws-new")).ToBeHiddenAsync();

        await visitor.Page.ReloadAsync();
        await Assertions.Expect(visitor.Panel).ToContainTextAsync("You ended it.");
        await visitor.Page.GotoAsync("/playgrounds");
        await Assertions.Expect(visitor.Page.Locator(".row .reason")).ToContainTextAsync("You ended it.");
    }

    [Theory]
    [InlineData("stop", "Keep it running")]
    [InlineData("restart", "Keep it running")]
    [InlineData("remove", "Keep it")]
    [InlineData("settings", "Done")]
    [InlineData("shortcuts", "Close")]
    public async Task The_terminal_has_the_focus_as_soon_as_a_dialog_closes(string act, string button)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.ChooseAsync(act);
        await Assertions.Expect(visitor.Page.Locator("dialog[open]")).ToBeVisibleAsync();

        // At once: people do not wait with typing until the page is ready.
        var focused = await visitor.Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true })
            .EvaluateAsync<string>("button => { button.click(); return document.activeElement.className; }");

        Assert.Equal("xterm-helper-textarea", focused);
        await visitor.TypeAsync("echo here-$((6*7))");
        await visitor.SeesLineAsync("here-42");
    }

    [Fact]
    public async Task One_click_gives_more_time()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var left = visitor.Page.Locator("#ws-time");
        await Assertions.Expect(left).ToHaveTextAsync(AboutAnHour());

        await visitor.Page.Locator("#ws-extend").ClickAsync();

        // The message goes after a while.
        await Task.WhenAll(
            Assertions.Expect(visitor.Page.Locator(".toast")).ToContainTextAsync("Extended"),
            Assertions.Expect(left).ToHaveTextAsync(MoreThanAnHour()));
    }

    [Fact]
    public async Task An_operator_signs_in_by_a_link_once_and_ends_a_playground_with_a_reason_its_owner_reads()
    {
        await using var owner = await Visitor.ArriveAsync(instance, chromium);
        await owner.LaunchAsync("busybox");
        Assert.Equal(404, (await owner.Context.APIRequest.GetAsync("/admin")).Status);

        var link = await instance.AdminLinkAsync();
        await using var operators = await Visitor.ArriveAsync(instance, chromium);
        await operators.Page.GotoAsync(link);
        await operators.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(operators.Page).ToHaveURLAsync("/admin");

        await using var late = await Visitor.ArriveAsync(instance, chromium);
        await late.Page.GotoAsync(link);
        await late.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(late.Page.Locator("body")).ToContainTextAsync("It was used already");
        Assert.Equal(404, (await late.Page.GotoAsync("/admin"))!.Status);

        await operators.Page.Locator("tr", new() { HasText = owner.Playground }).GetByRole(AriaRole.Button).ClickAsync();
        await operators.Page.GetByLabel("Reason, shown to its owner").FillAsync("We move to a new host at noon");
        await operators.Page.GetByRole(AriaRole.Button, new() { Name = "End it" }).ClickAsync();
        await Assertions.Expect(operators.Page.Locator("tr", new() { HasText = owner.Playground })).ToHaveCountAsync(0);

        await owner.StateIsAsync("ended");
        await Assertions.Expect(owner.Panel).ToContainTextAsync("We move to a new host at noon");
    }

    [GeneratedRegex("^(?:1 h 00|5[0-9]) min$", RegexOptions.None, 1000)]
    private static partial Regex AboutAnHour();

    [GeneratedRegex("^[0-9]+ h (?!00)[0-9]+ min$", RegexOptions.None, 1000)]
    private static partial Regex MoreThanAnHour();
}
