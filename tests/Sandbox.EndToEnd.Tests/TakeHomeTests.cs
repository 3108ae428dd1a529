using System.Formats.Tar;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Files that visitors take home from their playgrounds.</summary>
public sealed class TakeHomeTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_running_playground_is_taken_home_as_files_and_as_an_image_with_its_commands()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("echo mine > /root/work.txt; echo written-$((6*7))");
        await visitor.SeesLineAsync("written-42");
        await visitor.ChooseAsync("take-home");
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Take it home" });

        Assert.Contains("root/work.txt", await EntriesAsync(page, dialog, "Download: Changed files"));
        Assert.Contains("Dockerfile", await EntriesAsync(page, dialog, "Download: Dockerfile and files"));
        Assert.Contains("manifest.json", await EntriesAsync(page, dialog, "Download the image"));
        var commands = await dialog.GetByLabel("Commands", new() { Exact = true }).InputValueAsync();
        Assert.StartsWith("docker load -i playground.tar\ndocker run ", commands, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_saved_playground_is_taken_home_after_its_end()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("echo mine > /root/work.txt; echo written-$((6*7))");
        await visitor.SeesLineAsync("written-42");
        await visitor.ChooseAsync("save-end");
        await visitor.StateIsAsync("ended");
        await Assertions.Expect(visitor.Panel.GetByRole(AriaRole.Button, new() { Name = "Take it home" })).ToBeVisibleAsync();

        await page.GotoAsync("/playgrounds");
        await page.GetByRole(AriaRole.Button, new() { Name = "Take it home" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Take it home" });
        Assert.Contains("root/work.txt", await EntriesAsync(page, dialog, "Download: Changed files"));
    }

    private static async Task<List<string>> EntriesAsync(IPage page, ILocator dialog, string button)
    {
        var download = await page.RunAndWaitForDownloadAsync(() => dialog.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync());
        await using var content = await download.CreateReadStreamAsync();
        await using var archive = new TarReader(content);
        var names = new List<string>();
        while (await archive.GetNextEntryAsync() is { } entry)
        {
            names.Add(entry.Name.TrimEnd('/'));
        }

        return names;
    }
}
