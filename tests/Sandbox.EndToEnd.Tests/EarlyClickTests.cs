using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Buttons that are pressed before all of the page's script has arrived.</summary>
public sealed class EarlyClickTests(Instance instance, Chromium chromium)
{
    private static readonly object Link = new { recipe = new { nodes = new[] { new { image = "busybox", env = new { COURSE = "early" } } } }, title = "A course" };

    [Theory]
    [InlineData("**/dist/site*.js")]
    [InlineData("**/dist/chunk-links-*.js")]
    public async Task A_button_of_a_list_counts(string late)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await LinkAsync(visitor);
        await HoldAsync(page, late, "/links", async () => await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete it" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "You have no links yet" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task It_counts_once_when_the_part_that_answers_it_was_there_before_the_others()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new() { ColorScheme = ColorScheme.Light });
        var page = visitor.Page;
        await LinkAsync(visitor);
        await HoldAsync(page, "**/dist/chunk-links-*.js", "/links", async () =>
        {
            // Its script has named it: it listens.
            await page.GetByRole(AriaRole.Button, new() { Name = "Use the dark theme" }).ClickAsync();
            await Assertions.Expect(page.Locator("html")).Not.ToHaveAttributeAsync("data-theme", "dark");
        });
        await Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Use the light theme" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_button_of_a_workspace_counts()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var page = visitor.Page;
        await HoldAsync(page, "**/dist/workspace*.js", new Uri(page.Url).AbsolutePath, async () => await page.Locator("#ws-settings-button").ClickAsync());
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog, new() { Name = "Terminal settings" })).ToBeVisibleAsync();
    }

    private static async Task LinkAsync(Visitor visitor)
    {
        var answer = await visitor.Context.APIRequest.PostAsync("/api/v1/links", new() { DataObject = Link });
        Assert.True(answer.Ok, await answer.TextAsync());
    }

    /// <summary>Opens a page while some of its scripts are on their way, and lets them arrive once it was used.</summary>
    private static async Task HoldAsync(IPage page, string scripts, string path, Func<Task> use)
    {
        var isUsed = new TaskCompletionSource();
        await page.RouteAsync(scripts, async route =>
        {
            await isUsed.Task;
            await route.ContinueAsync();
        });
        try
        {
            await page.GotoAsync(path, new() { WaitUntil = WaitUntilState.Commit });
            await use();
        }
        finally
        {
            isUsed.SetResult();
        }
    }
}
