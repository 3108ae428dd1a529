using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Files go into a sandbox from the page, and out of it.</summary>
public sealed class FilesTests(Instance instance, Chromium chromium) : IDisposable
{
    private readonly string _local = Directory.CreateTempSubdirectory("sandbox-drop-").FullName;

    public void Dispose() => Directory.Delete(_local, recursive: true);

    [Fact]
    public async Task A_folder_dropped_on_a_terminal_arrives_whole_in_its_directory()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("mkdir '/tmp/in here' && cd '/tmp/in here' && echo at-$((6*7))");
        await visitor.SeesLineAsync("at-42");
        var folder = Path.Combine(_local, "project 1");
        foreach (var (name, length) in new[] { ("a b%?#+&.txt", 10), ("naïve 😀.txt", 0), ("'quote\".txt", 70_000), ("-rf", 3), ("deep/er/.hidden", 5), ("deep/large", 3_500_000), ("deep/back\\slash", 1) })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name))!);
            await File.WriteAllBytesAsync(Path.Combine(folder, name), RandomNumberGenerator.GetBytes(length), TestContext.Current.CancellationToken);
        }

        Directory.CreateDirectory(Path.Combine(folder, "empty", "inside"));
        var cdp = await visitor.Context.NewCDPSessionAsync(visitor.Page);
        await DragAsync(visitor, cdp, "dragEnter", folder);
        await DragAsync(visitor, cdp, "dragOver", folder);
        await Assertions.Expect(visitor.Page.Locator(".files-drop:visible strong")).ToHaveTextAsync("/tmp/in here");
        await DragAsync(visitor, cdp, "drop", folder);
        await UploadedAsync(visitor, "8 files uploaded");

        var wanted = Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))} {Path.GetRelativePath(folder, file)}").Order(StringComparer.Ordinal);
        var found = await ShellAsync(visitor, "cd '/tmp/in here/project 1' && find . -type f | while read -r f; do echo \"$(sha256sum < \"$f\" | cut -c 1-64) ${f#./}\"; done");
        Assert.Equal(wanted, found.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.Equal("inside\n", await ShellAsync(visitor, "ls -A '/tmp/in here/project 1/empty'"));
    }

    [Theory]
    [InlineData("web")]
    [InlineData("daemon")]
    [InlineData("network")]
    public async Task An_upload_goes_on_by_itself_where_it_was_cut_off(string cut)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var bytes = RandomNumberGenerator.GetBytes(24_000_000);
        var offsets = new List<long>();
        visitor.Page.Request += (_, request) =>
        {
            if (request.Method == "PATCH")
            {
                offsets.Add(long.Parse(request.Headers["upload-offset"], CultureInfo.InvariantCulture));
            }
        };
        var cdp = await ThrottleAsync(visitor);
        await DropAsync(visitor, "large", bytes);
        var bar = visitor.Page.Locator(".files-tray-list progress");
        await Eventually.TrueAsync(async () => await bar.CountAsync() > 0 && await bar.EvaluateAsync<double>("bar => bar.value") > 6_000_000, "a part that is sent");

        if (cut == "network")
        {
            // The browser's own way of being offline refuses new requests; what is under way is cut from the other side.
            await ThrottleAsync(cdp, 4_000_000, offline: true);
            await instance.KillAsync("web");
            await Assertions.Expect(visitor.Page.Locator(".files-tray-list li[data-state='held']")).ToHaveCountAsync(1, new() { Timeout = 30_000 });
        }
        else
        {
            await instance.KillAsync(cut);
        }

        await ThrottleAsync(cdp, -1);
        await UploadedAsync(visitor, "1 file uploaded");
        Assert.True(offsets.Count >= 2 && offsets[^1] > 1_000_000, string.Join(' ', offsets));
        Assert.StartsWith(Convert.ToHexStringLower(SHA256.HashData(bytes)), await ShellAsync(visitor, "sha256sum /root/large"), StringComparison.Ordinal);
        Assert.Equal("1\n", await ShellAsync(visitor, "ls -A /root | grep -c large"));
    }

    [Fact]
    public async Task An_upload_that_is_cancelled_leaves_nothing()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var before = await ShellAsync(visitor, "ls -A /root");
        await ThrottleAsync(visitor);
        await DropAsync(visitor, "large", new byte[24_000_000]);
        var bar = visitor.Page.Locator(".files-tray-list progress");
        await Eventually.TrueAsync(async () => await bar.CountAsync() > 0 && await bar.EvaluateAsync<double>("bar => bar.value") > 3_000_000, "a part that is sent");

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel /root/large" }).ClickAsync();

        await Assertions.Expect(visitor.Page.Locator(".files-tray h2")).ToHaveTextAsync("Upload cancelled");
        await Eventually.TrueAsync(async () => await ShellAsync(visitor, "ls -A /root") == before, "nothing left");
    }

    [Fact]
    public async Task A_full_disk_is_told_with_what_is_free_and_can_be_tried_again()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await ShellAsync(visitor, "fallocate -l $(($(df -k / | tail -n 1 | awk '{print $4}') * 1024 - 8388608)) /fill");
        await DropAsync(visitor, "large", new byte[24_000_000]);

        var row = visitor.Page.Locator(".files-tray-list li[data-state='failed']");
        await Assertions.Expect(row).ToContainTextAsync(new Regex("disk is full: 24 MB needed, [0-9.]+ MB free", RegexOptions.None, TimeSpan.FromSeconds(1)), new() { Timeout = 30_000 });
        await ShellAsync(visitor, "rm /fill");
        await row.GetByRole(AriaRole.Button, new() { Name = "Retry" }).ClickAsync();

        await UploadedAsync(visitor, "1 file uploaded");
        Assert.Equal("24000000\n", await ShellAsync(visitor, "wc -c < /root/large"));
    }

    [Fact]
    public async Task What_is_there_already_is_asked_about_once()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await ShellAsync(visitor, "echo old > /root/note.txt");
        await DropAsync(visitor, "note.txt", "new"u8.ToArray());
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Keep both" }).ClickAsync();
        await UploadedAsync(visitor, "1 file uploaded");
        Assert.Equal("old\nnew", await ShellAsync(visitor, "cat /root/note.txt '/root/note (2).txt'"));
    }

    [Fact]
    public async Task The_tree_shows_thousands_of_files_and_gives_out_any_of_them()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await ShellAsync(visitor, "mkdir -p /root/many /root/some/deep; cd /root/many; seq -w 1 5000 | xargs touch; cd ../some; printf odd > \"$(printf 'odd\\377name')\"; printf x > deep/file; ln -s deep way; echo h > .hidden");
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
        Assert.Equal("many\n", await ShellAsync(visitor, "ls /root"));
    }

    [Fact]
    public async Task The_first_click_chooses_the_file_under_it()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await ShellAsync(visitor, "cd /root; for n in 1 2 3; do echo file-$n > file-$n; done");
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

    private async Task DropAsync(Visitor visitor, string name, byte[] bytes)
    {
        var file = Path.Combine(_local, name);
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        await visitor.TypeAsync("cd /root && echo there-$((6*7))");
        await visitor.SeesLineAsync("there-42");
        var cdp = await visitor.Context.NewCDPSessionAsync(visitor.Page);
        foreach (var type in new[] { "dragEnter", "dragOver", "drop" })
        {
            await DragAsync(visitor, cdp, type, file);
        }
    }

    /// <summary>What the browser gets from the desktop.</summary>
    private static async Task DragAsync(Visitor visitor, ICDPSession cdp, string type, string path)
    {
        var box = (await visitor.Page.Locator(".ws-terminal:not([hidden])").BoundingBoxAsync())!;
        await cdp.SendAsync("Input.dispatchDragEvent", new()
        {
            ["type"] = type,
            ["x"] = box.X + (box.Width / 2),
            ["y"] = box.Y + (box.Height / 2),
            ["data"] = new { items = Array.Empty<object>(), files = new[] { path }, dragOperationsMask = 1 },
        });
    }

    private static async Task<ICDPSession> ThrottleAsync(Visitor visitor)
    {
        var cdp = await visitor.Context.NewCDPSessionAsync(visitor.Page);
        await cdp.SendAsync("Network.enable");
        await ThrottleAsync(cdp, 4_000_000);
        return cdp;
    }

    private static async Task ThrottleAsync(ICDPSession cdp, long bytesPerSecond, bool offline = false) => await cdp.SendAsync("Network.emulateNetworkConditions", new()
    {
        ["offline"] = offline,
        ["latency"] = 0,
        ["downloadThroughput"] = -1,
        ["uploadThroughput"] = bytesPerSecond,
    });

    private static Task UploadedAsync(Visitor visitor, string title) =>
        Assertions.Expect(visitor.Page.Locator(".files-tray h2")).ToHaveTextAsync(title, new() { Timeout = (float)Eventually.Patience.TotalMilliseconds });

    /// <summary>Runs a command beside the visitor's terminal.</summary>
    private static async Task<string> ShellAsync(Visitor visitor, string command)
    {
        var playground = (await (await visitor.Context.APIRequest.GetAsync($"/api/v1/playgrounds/{visitor.Playground}")).JsonAsync())!.Value;
        var sandbox = playground.GetProperty("sandboxes")[0].GetProperty("id").GetString();
        var answer = await visitor.Context.APIRequest.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new() { DataObject = new { command = new[] { "sh", "-c", command } } });
        Assert.True(answer.Ok, await answer.TextAsync());
        return (await answer.JsonAsync())!.Value.GetProperty("stdout").GetString()!;
    }
}
