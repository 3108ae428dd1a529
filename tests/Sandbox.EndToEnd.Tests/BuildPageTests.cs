using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A person writes a Dockerfile in the browser, builds it, and starts what it is.</summary>
public sealed class BuildPageTests(Instance instance, Chromium chromium)
{
    private static readonly LocatorAssertionsToBeVisibleOptions Long = new() { Timeout = 240_000 };

    [Fact]
    public async Task A_Dockerfile_is_corrected_built_started_and_deleted()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await UntilReadyAsync(visitor);
        await page.GotoAsync("/images");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("page-test");
        var text = page.GetByLabel("Dockerfile");
        await text.FillAsync("FROM busybox\nRUNN echo built-$((6*7)) > /built && cat /built\n");
        await page.GetByRole(AriaRole.Button, new() { Name = "Build", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#build-error")).ToContainTextAsync("Dockerfile:2: there is no instruction RUNN; RUN is one", new() { Timeout = 60_000 });

        // The line is selected: what is typed replaces it.
        await page.Keyboard.TypeAsync("RUN echo built-$((6*7)) > /built && cat /built");
        await page.GetByRole(AriaRole.Button, new() { Name = "Build", Exact = true }).PressAsync("Enter");
        await Assertions.Expect(page.Locator("#build-done")).ToBeVisibleAsync(Long);
        await Assertions.Expect(page.Locator("#build-steps li").Nth(1)).ToContainTextAsync("done");
        await Assertions.Expect(page.Locator("#build-steps pre").First).ToHaveTextAsync("built-42");
        var row = page.Locator("[data-name='page-test']");
        await Assertions.Expect(row).ToBeVisibleAsync(Long);

        await page.GetByRole(AriaRole.Link, new() { Name = "Start it" }).ClickAsync();
        await visitor.ShellAsync();
        await visitor.TypeAsync("cat /built");
        await visitor.SeesLineAsync("built-42");

        await page.GotoAsync("/images");
        await row.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete it" }).ClickAsync();
        await Assertions.Expect(row).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_folder_is_built_with_its_files_and_a_build_is_cancelled()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await UntilReadyAsync(visitor);
        await page.GotoAsync("/images");
        var folder = Directory.CreateTempSubdirectory("My App");
        try
        {
            var deep = Directory.CreateDirectory(Path.Combine(folder.FullName, new string('d', 60), new string('e', 60)));
            await File.WriteAllTextAsync(Path.Combine(deep.FullName, "deep.txt"), "from a folder\n", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Dockerfile"), "FROM busybox\nCOPY . /app\nRUN cat /app/d*/e*/deep.txt\n", TestContext.Current.CancellationToken);
            // Again, if the page's script was not there yet: a person presses a button of it first.
            await Eventually.TrueAsync(
                async () =>
                {
                    await page.Locator("#build-folder-input").SetInputFilesAsync(folder.FullName);
                    return (await page.Locator("#build-context").InnerTextAsync()).Contains("1 file", StringComparison.Ordinal);
                },
                "the folder to be taken");
            await page.GetByRole(AriaRole.Button, new() { Name = "Build", Exact = true }).ClickAsync();
            await Assertions.Expect(page.Locator("#build-done")).ToBeVisibleAsync(Long);
            await Assertions.Expect(page.Locator("#build-steps pre").First).ToHaveTextAsync("from a folder");
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        await page.GetByRole(AriaRole.Button, new() { Name = "Without the folder" }).ClickAsync();
        await page.GetByLabel("Dockerfile").FillAsync("FROM busybox\nRUN echo waits; sleep 3600\n");
        await page.GetByRole(AriaRole.Button, new() { Name = "Build", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#build-steps pre").First).ToHaveTextAsync("waits", new() { Timeout = 120_000 });
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#build-error")).ToContainTextAsync("Cancelled");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Build", Exact = true })).ToBeVisibleAsync();
    }

    /// <summary>The image in whose sandboxes images are built is the last of a fresh instance.</summary>
    private static Task UntilReadyAsync(Visitor visitor) => Contract.Instance.UntilAsync(
        async () => (await (await visitor.Context.APIRequest.GetAsync("/api/v1/images")).JsonAsync())!.Value.EnumerateArray().Single(image => image.GetProperty("name").GetString() == "docker").GetProperty("state").GetString() == "ready", 300);
}
