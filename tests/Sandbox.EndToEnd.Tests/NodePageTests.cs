using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Nodes that a visitor adds and removes on the workspace.</summary>
public sealed class NodePageTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_node_is_added_has_a_tab_of_its_name_and_is_removed()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var tabs = visitor.Page.GetByRole(AriaRole.Tab);
        await Assertions.Expect(tabs).ToHaveTextAsync(["shell 1"]);

        await visitor.Page.Keyboard.PressAsync("Alt+Shift+A");
        var dialog = visitor.Page.GetByRole(AriaRole.Dialog, new() { Name = "Nodes" });
        await Assertions.Expect(dialog.GetByLabel("Image", new() { Exact = true })).ToHaveValueAsync("busybox");
        await dialog.GetByLabel("Name", new() { Exact = true }).FillAsync("second");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add node" }).ClickAsync();

        await Assertions.Expect(tabs).ToHaveTextAsync(["main: shell 1", "second: shell 2"]);
        await Assertions.Expect(dialog).ToHaveCountAsync(0);
        await visitor.ShellAsync();
        await visitor.TypeAsync("ping -c 1 main && hostname");
        await visitor.SeesLineAsync("second");

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "2 nodes" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Remove second" }).ClickAsync();
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Dialog, new() { Name = "Remove second?" })).ToContainTextAsync("every file in it is deleted permanently");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Remove it" }).ClickAsync();

        await Assertions.Expect(dialog.GetByRole(AriaRole.Status)).ToHaveTextAsync("second is removed.");
        await Assertions.Expect(dialog.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(1);
        await visitor.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(tabs).ToHaveTextAsync(["shell 1"]);
    }
}
