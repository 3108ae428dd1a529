using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Files go into a sandbox from the page, and out of it.</summary>
public sealed class FilesTests(Instance instance, Chromium chromium) : IDisposable
{
    private readonly Desktop _desktop = new();

    public void Dispose() => _desktop.Dispose();

    [Fact]
    public async Task A_folder_dropped_on_a_terminal_arrives_whole_in_its_directory()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("mkdir '/tmp/in here' && cd '/tmp/in here' && echo at-$((6*7))");
        await visitor.SeesLineAsync("at-42");
        var folder = Path.Combine(_desktop.Folder, "project 1");
        foreach (var (name, length) in new[] { ("a b%?#+&.txt", 10), ("naïve 😀.txt", 0), ("'quote\".txt", 70_000), ("-rf", 3), ("deep/er/.hidden", 5), ("deep/large", 3_500_000), ("deep/back\\slash", 1) })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name))!);
            await File.WriteAllBytesAsync(Path.Combine(folder, name), RandomNumberGenerator.GetBytes(length), TestContext.Current.CancellationToken);
        }

        Directory.CreateDirectory(Path.Combine(folder, "empty", "inside"));
        var cdp = await visitor.Context.NewCDPSessionAsync(visitor.Page);
        await Desktop.DragAsync(visitor, cdp, "dragEnter", folder);
        await Desktop.DragAsync(visitor, cdp, "dragOver", folder);
        await Assertions.Expect(visitor.Page.Locator(".files-drop:visible strong")).ToHaveTextAsync("/tmp/in here");
        await Desktop.DragAsync(visitor, cdp, "drop", folder);
        await Desktop.UploadedAsync(visitor, "8 files uploaded");

        var wanted = Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))} {Path.GetRelativePath(folder, file)}").Order(StringComparer.Ordinal);
        var found = await visitor.ExecAsync("cd '/tmp/in here/project 1' && find . -type f | while read -r f; do echo \"$(sha256sum < \"$f\" | cut -c 1-64) ${f#./}\"; done");
        Assert.Equal(wanted, found.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.Equal("inside\n", await visitor.ExecAsync("ls -A '/tmp/in here/project 1/empty'"));
    }

    [Fact]
    public async Task An_upload_that_is_cancelled_leaves_nothing()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var before = await visitor.ExecAsync("ls -A /root");
        await Throttle.StartAsync(visitor);
        await _desktop.DropAsync(visitor, "large", new byte[24_000_000]);
        var bar = visitor.Page.Locator(".files-tray-list progress");
        await Eventually.TrueAsync(async () => await bar.CountAsync() > 0 && await bar.EvaluateAsync<double>("bar => bar.value") > 3_000_000, "a part that is sent");

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel /root/large" }).ClickAsync();

        await Assertions.Expect(visitor.Page.Locator(".files-tray h2")).ToHaveTextAsync("Upload cancelled");
        await Eventually.TrueAsync(async () => await visitor.ExecAsync("ls -A /root") == before, "nothing left");
    }

    [Fact]
    public async Task The_list_of_uploads_is_a_chip_above_a_question_and_opens_again()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await _desktop.DropAsync(visitor, "small", [1]);
        await Desktop.UploadedAsync(visitor, "1 file uploaded");
        var tray = visitor.Page.Locator(".files-tray");
        await visitor.TypeAsync("printf '\\033]52;c;aGVsbG8=\\a'");
        var question = visitor.Page.Locator(".ws-question");
        await Assertions.Expect(question).ToBeVisibleAsync();
        await Assertions.Expect(tray).ToHaveClassAsync(new Regex("\\bchip\\b", RegexOptions.None, TimeSpan.FromSeconds(1)));
        await Eventually.TrueAsync(
            async () => await tray.BoundingBoxAsync() is { } chip && await question.BoundingBoxAsync() is { } bar && chip.Y + chip.Height <= bar.Y && chip.Height < 80,
            "a chip above the question");
        await question.GetByRole(AriaRole.Button, new() { Name = "Deny" }).ClickAsync();
        await tray.GetByRole(AriaRole.Button, new() { Name = "Show the files" }).ClickAsync();
        await Assertions.Expect(tray.Locator("li")).ToContainTextAsync("small");
    }

    [Fact]
    public async Task An_upload_to_a_full_disk_shows_the_free_space_and_can_be_retried()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.ExecAsync("fallocate -l $(($(df -k / | tail -n 1 | awk '{print $4}') * 1024 - 8388608)) /fill");
        await _desktop.DropAsync(visitor, "large", new byte[24_000_000]);

        var row = visitor.Page.Locator(".files-tray-list li[data-state='failed']");
        await Assertions.Expect(row).ToContainTextAsync(new Regex("disk is full: 24 MB needed, [0-9.]+ MB free", RegexOptions.None, TimeSpan.FromSeconds(1)));
        await visitor.ExecAsync("rm /fill");
        await row.GetByRole(AriaRole.Button, new() { Name = "Retry" }).ClickAsync();

        await Desktop.UploadedAsync(visitor, "1 file uploaded");
        Assert.Equal("24000000\n", await visitor.ExecAsync("wc -c < /root/large"));
    }

    [Fact]
    public async Task An_upload_over_an_existing_file_asks_once()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.ExecAsync("echo old > /root/note.txt");
        await _desktop.DropAsync(visitor, "note.txt", "new"u8.ToArray());
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Keep both" }).ClickAsync();
        await Desktop.UploadedAsync(visitor, "1 file uploaded");
        Assert.Equal("old\nnew", await visitor.ExecAsync("cat /root/note.txt '/root/note (2).txt'"));
    }

    [Fact]
    public async Task The_tree_shows_thousands_of_files_and_downloads_any_of_them()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.ExecAsync("mkdir -p /root/many /root/some/deep; cd /root/many; seq -w 1 5000 | xargs touch; cd ../some; printf odd > \"$(printf 'odd\\377name')\"; printf x > deep/file; ln -s deep way; echo h > .hidden");
        var page = visitor.Page;
        await page.Locator("#ws-files").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Home" }).ClickAsync();
        var tree = page.GetByRole(AriaRole.Tree);
        await Assertions.Expect(tree.GetByRole(AriaRole.Treeitem).First).ToContainTextAsync("many");

        // By keys alone: into the large directory, to its end, and out again.
        await tree.FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(tree.GetByRole(AriaRole.Treeitem).Filter(new() { HasText = "0001" })).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("PageDown");
        Assert.InRange(await tree.GetByRole(AriaRole.Treeitem).CountAsync(), 10, 200);
        await page.Keyboard.TypeAsync("4999");
        await Assertions.Expect(tree.Locator("[aria-selected='true']")).ToContainTextAsync("4999");
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.Keyboard.TypeAsync("some");
        await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(tree.GetByRole(AriaRole.Treeitem).Filter(new() { HasText = "odd\\xffname" })).ToHaveCountAsync(1);
        Assert.Equal(0, await tree.GetByText(".hidden").CountAsync());

        await tree.GetByText("odd\\xffname").ClickAsync();
        var odd = await page.RunAndWaitForDownloadAsync(() => page.Locator(".files-actions").GetByRole(AriaRole.Button, new() { Name = "Download" }).ClickAsync());
        Assert.Equal("odd", await File.ReadAllTextAsync((await odd.PathAsync())!, TestContext.Current.CancellationToken));

        // Escape closes the menu, and what is around it stays.
        await tree.GetByText("some").ClickAsync(new() { Button = MouseButton.Right });
        await Assertions.Expect(page.Locator(".files-menu")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator(".files-menu")).ToBeHiddenAsync();
        await Assertions.Expect(tree).ToBeFocusedAsync();

        await tree.GetByText("some").ClickAsync(new() { Button = MouseButton.Right });
        var tar = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Download as .tar" }).Last.ClickAsync());
        Assert.Equal("some.tar", tar.SuggestedFilename);
        Assert.Contains("deep/file", Encoding.Latin1.GetString(await File.ReadAllBytesAsync((await tar.PathAsync())!, TestContext.Current.CancellationToken)), StringComparison.Ordinal);

        page.Dialog += (_, dialog) => _ = dialog.AcceptAsync();
        await tree.FocusAsync();
        await page.Keyboard.PressAsync("Delete");
        await Assertions.Expect(tree.GetByText("some")).ToHaveCountAsync(0);
        Assert.Equal("many\n", await visitor.ExecAsync("ls /root"));
    }

    [Fact]
    public async Task Of_two_directories_the_one_that_was_asked_for_last_is_shown()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var page = visitor.Page;
        var late = new TaskCompletionSource();
        var asked = 0;
        await page.RouteAsync("**/terminals", async route =>
        {
            if (Interlocked.Increment(ref asked) == 1)
            {
                await late.Task;
            }

            await route.ContinueAsync();
        });
        await page.Locator("#ws-files").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Home" }).ClickAsync();
        await Assertions.Expect(page.Locator(".files-where")).ToHaveTextAsync("/root");
        await page.RunAndWaitForResponseAsync(() => Task.FromResult(late.TrySetResult()), "**/terminals");

        // The answer that came late is read by now.
        await page.GetByRole(AriaRole.Button, new() { Name = "Refresh", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".files-where")).ToHaveTextAsync("/root");
    }

    [Fact]
    public async Task The_first_click_chooses_the_file_under_it()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.ExecAsync("cd /root; for n in 1 2 3; do echo file-$n > file-$n; done");
        var page = visitor.Page;
        for (var time = 0; time < 2; time++)
        {
            await page.Locator("#ws-files").ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Home" }).ClickAsync();
            var tree = page.GetByRole(AriaRole.Tree);
            await tree.GetByText("file-3").ClickAsync();
            await Assertions.Expect(tree.Locator("[aria-selected='true']")).ToContainTextAsync("file-3");
            var download = await page.RunAndWaitForDownloadAsync(() => page.Locator(".files-actions").GetByRole(AriaRole.Button, new() { Name = "Download" }).ClickAsync());
            Assert.Equal("file-3", download.SuggestedFilename);
            await page.Locator("[data-side-close]").ClickAsync();
        }
    }
}
