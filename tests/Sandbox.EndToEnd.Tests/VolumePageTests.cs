using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A volume that a visitor makes on its page and takes from one playground to the next.</summary>
public sealed class VolumePageTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_volume_keeps_its_files_for_the_next_playground_and_has_one_writer()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await page.GotoAsync("/volumes");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("notes");
        await page.GetByLabel("Size, MiB").FillAsync("32");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create volume" }).ClickAsync();
        var row = page.Locator("[data-name='notes']");
        await Assertions.Expect(row).ToContainTextAsync("not attached");

        await page.GotoAsync("/p/new?image=busybox&volume=notes&at=/notes");
        await visitor.ShellAsync();
        await visitor.TypeAsync("echo kept > /notes/a; chown 1000:50 /notes/a; chmod 640 /notes/a; ls -ln /notes | tail -n 1 | cut -c1-30; echo done");
        await visitor.SeesLineAsync("done");
        var first = visitor.Playground;

        // A second writer is refused with the name of the first.
        await page.GotoAsync("/p/new?image=busybox&volume=notes&at=/notes");
        await Assertions.Expect(page.GetByText($"The volume 'notes' is in use: main of your busybox playground {first} writes to it")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await page.GotoAsync("/volumes");
        await Assertions.Expect(row).ToContainTextAsync("at /notes in main of your busybox playground");
        Assert.Equal(204, (await visitor.Context.APIRequest.DeleteAsync($"/api/v1/playgrounds/{first}")).Status);

        await page.GotoAsync("/volumes");
        await row.GetByRole(AriaRole.Link, new() { Name = "Browse files" }).ClickAsync();
        await visitor.ShellAsync();
        await visitor.TypeAsync("stat -c '%n %u:%g %a' /volume/a; cat /volume/a");
        await visitor.SeesLineAsync("/volume/a 1000:50 640");
        await visitor.SeesLineAsync("kept");
        Assert.Equal("kept\n", await (await visitor.Context.APIRequest.GetAsync(await visitor.FileAsync("volume/a"))).TextAsync());
        Assert.Equal(204, (await visitor.Context.APIRequest.DeleteAsync($"/api/v1/playgrounds/{visitor.Playground}")).Status);

        await page.GotoAsync("/volumes");
        await row.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete it" }).ClickAsync();
        await Assertions.Expect(row).ToHaveCountAsync(0);
    }
}
