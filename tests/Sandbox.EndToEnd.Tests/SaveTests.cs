using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>States that visitors share, save and continue.</summary>
public sealed class SaveTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task What_is_saved_as_it_ends_is_continued_from_the_list()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("echo mine > /root/work.txt; echo written-$((6*7))");
        await visitor.SeesLineAsync("written-42");

        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Complementary, new() { Name = "Your playgrounds" }).GetByRole(AriaRole.Link, new() { Name = "Continue" }).ClickAsync();
        await visitor.ShellAsync();
        await visitor.ChooseAsync("remove");
        var question = page.GetByRole(AriaRole.Dialog, new() { Name = "End this playground?" });
        await Assertions.Expect(question).ToContainTextAsync("deleted permanently");
        await question.GetByRole(AriaRole.Button, new() { Name = "Save and end" }).ClickAsync();
        await visitor.StateIsAsync("ended");
        await Assertions.Expect(visitor.Panel.GetByRole(AriaRole.Link, new() { Name = "Continue" })).ToBeVisibleAsync();

        await page.GotoAsync("/playgrounds");
        await page.GetByRole(AriaRole.Link, new() { Name = "Continue" }).ClickAsync();
        await visitor.ShellAsync();
        await visitor.TypeAsync("cat /root/work.txt");
        await visitor.SeesLineAsync("mine");
    }

    [Fact]
    public async Task A_playground_is_saved_and_forked_while_it_runs()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("echo mine > /root/work.txt; echo written-$((6*7))");
        await visitor.SeesLineAsync("written-42");
        await visitor.ChooseAsync("save");
        await Assertions.Expect(visitor.Page.Locator("#toasts")).ToContainTextAsync("Saved. Only you can open it.");

        var first = visitor.Playground;
        await visitor.ChooseAsync("fork");
        await Eventually.TrueAsync(() => Task.FromResult(visitor.Playground.Length > 0 && visitor.Playground != first), "the copy's address");
        await visitor.ShellAsync();
        await visitor.TypeAsync("cat /root/work.txt");
        await visitor.SeesLineAsync("mine");
    }

    [Fact]
    public async Task My_links_are_limited_named_and_deleted()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await page.GotoAsync("/links");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "You have no links yet" })).ToBeVisibleAsync();
        var made = await visitor.Context.APIRequest.PostAsync("/api/v1/links", new() { DataObject = new { recipe = new { nodes = new[] { new { image = "busybox", env = new { COURSE = "one" } } } }, title = "A course" } });
        var hash = (await made.JsonAsync())!.Value.GetProperty("hash").GetString()!;
        await page.ReloadAsync();
        var row = page.Locator($"[data-hash='{hash}']");

        await row.GetByRole(AriaRole.Button, new() { Name = "Edit" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Edit the link" });
        await dialog.GetByLabel("Title").FillAsync("The course");
        await dialog.GetByLabel("Running at once").FillAsync("2");
        await dialog.GetByLabel("From (UTC)").FillAsync("08:00");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(dialog).ToContainTextAsync("budget.from, budget.until");
        await dialog.GetByLabel("Until (UTC)").FillAsync("07:59");
        await dialog.GetByLabel("Without a network").CheckAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("2 at once, 08:00 to 07:59 UTC, no network");
        await Assertions.Expect(row).ToContainTextAsync("The course");

        var name = $"course-{Guid.NewGuid():n}";
        await row.GetByRole(AriaRole.Button, new() { Name = "Names" }).ClickAsync();
        var names = page.GetByRole(AriaRole.Dialog, new() { Name = "Names of" });
        await names.GetByLabel("New name").FillAsync(name);
        await names.GetByRole(AriaRole.Button, new() { Name = "Add the name" }).ClickAsync();
        await names.GetByLabel("Text of its page").FillAsync("**Welcome** to the course.");
        await names.GetByRole(AriaRole.Button, new() { Name = "Save the text" }).ClickAsync();
        await Assertions.Expect(names.GetByText("Saved.")).ToBeVisibleAsync();
        await names.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync($"/x/{name}");
        await page.GotoAsync($"/x/{name}");
        await Assertions.Expect(page.Locator(".link-text strong")).ToHaveTextAsync("Welcome");
        await Assertions.Expect(page.Locator(".link-page")).ToHaveCSSAsync("display", "grid");

        await page.GotoAsync("/links");
        await row.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete it" }).ClickAsync();
        await Assertions.Expect(row).ToHaveCountAsync(0);
    }
}
