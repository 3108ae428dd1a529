using System.Collections.Concurrent;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Files of a sandbox are edited beside its terminals.</summary>
public sealed class EditorTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_file_is_opened_edited_and_saved_by_keyboard_alone()
    {
        await using var visitor = await EditorAsync("printf 'one\\ntwo\\n' > /root/notes.txt; chmod 755 /root/notes.txt");
        var page = visitor.Page;
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.TypeAsync("notes");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator(".cm-content")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Control+End");
        await page.Keyboard.TypeAsync("three");
        await Assertions.Expect(Tab(page, "notes.txt not saved")).ToBeVisibleAsync();

        await page.Keyboard.PressAsync("Control+s");

        await Assertions.Expect(page.Locator(".editor-status")).ToHaveTextAsync("Saved notes.txt");
        Assert.Equal("one\ntwo\nthree 755", await visitor.ExecAsync("cat /root/notes.txt; stat -c ' %a' /root/notes.txt | tr -d '\\n'"));
        await Assertions.Expect(page.GetByRole(AriaRole.Tab, new() { Name = "notes.txt", Exact = true })).ToBeVisibleAsync();

        // Tab indents, so another way leads out.
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("Shift+Tab");
        await Assertions.Expect(page.Locator(".cm-content")).Not.ToBeFocusedAsync();
    }

    [Fact]
    public async Task A_file_that_changed_on_disk_is_overwritten_only_on_request()
    {
        await using var visitor = await EditorAsync("echo first > /root/shared.txt");
        var page = visitor.Page;
        await OpenAsync(page, "shared.txt");
        await page.Keyboard.TypeAsync("mine ");
        await visitor.ExecAsync("echo theirs > /root/shared.txt");

        await page.Keyboard.PressAsync("Control+s");
        var question = page.GetByRole(AriaRole.Dialog, new() { Name = "shared.txt has changed on disk" });
        await question.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        Assert.Equal("theirs\n", await visitor.ExecAsync("cat /root/shared.txt"));
        await Assertions.Expect(page.Locator(".cm-content")).ToContainTextAsync("mine first");

        await page.Keyboard.PressAsync("Control+s");
        await question.GetByRole(AriaRole.Button, new() { Name = "Overwrite" }).ClickAsync();
        await Assertions.Expect(page.Locator(".editor-status")).ToHaveTextAsync("Saved shared.txt");
        Assert.Equal("mine first\n", await visitor.ExecAsync("cat /root/shared.txt"));

        await visitor.ExecAsync("echo again > /root/shared.txt");
        await page.Keyboard.TypeAsync("more ");
        await page.Keyboard.PressAsync("Control+s");
        await question.GetByRole(AriaRole.Button, new() { Name = "Load from disk" }).ClickAsync();
        await Assertions.Expect(page.Locator(".cm-content")).ToContainTextAsync("again");
        await Assertions.Expect(page.Locator(".cm-content")).Not.ToContainTextAsync("more");
    }

    [Fact]
    public async Task An_unchanged_text_follows_the_file_and_a_deleted_file_is_made_again_on_request()
    {
        await using var visitor = await EditorAsync("echo first > /root/log.txt");
        var page = visitor.Page;
        await OpenAsync(page, "log.txt");
        await visitor.ExecAsync("echo second > /root/log.txt");

        await page.Locator(".ws-xterm").ClickAsync();
        await page.Locator(".cm-content").ClickAsync();
        await Assertions.Expect(page.Locator(".cm-content")).ToContainTextAsync("second");

        await page.Keyboard.TypeAsync("x");
        await visitor.ExecAsync("rm /root/log.txt");
        await page.Keyboard.PressAsync("Control+s");
        await page.GetByRole(AriaRole.Button, new() { Name = "Overwrite" }).ClickAsync();
        await Assertions.Expect(page.Locator(".editor-status")).ToHaveTextAsync("Saved log.txt");
        Assert.Contains("x", await visitor.ExecAsync("cat /root/log.txt"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Binary_and_large_files_are_named_and_not_opened()
    {
        await using var visitor = await EditorAsync("head -c 1000001 /dev/zero | tr '\\0' a > /root/large; printf 'a\\0b' > /root/binary; printf '\\377\\376' > /root/odd");
        var page = visitor.Page;
        foreach (var (name, words) in new[] { ("large", "larger than 1.0 MB"), ("binary", "not a text file"), ("odd", "not a text file") })
        {
            await page.Locator("#ws-editor").GetByRole(AriaRole.Treeitem, new() { Name = name }).ClickAsync();
            await Assertions.Expect(page.Locator(".toast").Last).ToContainTextAsync($"/root/{name} is {words}");
        }

        await Assertions.Expect(page.Locator("#ws-editor").GetByRole(AriaRole.Tab)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Line_ends_and_languages_of_several_files_stay_apart()
    {
        await using var visitor = await EditorAsync("printf 'a\\r\\nb\\r\\n' > /root/dos.txt; printf 'def f():\\n    return 1\\n' > /root/code.py");
        var page = visitor.Page;
        await OpenAsync(page, "dos.txt");
        await page.Keyboard.TypeAsync("x");
        await OpenAsync(page, "code.py");
        await Assertions.Expect(page.Locator(".cm-line").First.Locator("span")).Not.ToHaveCountAsync(0);
        await page.Keyboard.TypeAsync("y");
        await Tab(page, "dos.txt").ClickAsync();
        await page.Locator(".cm-content").FocusAsync();
        await page.Keyboard.PressAsync("Control+s");
        await Assertions.Expect(page.Locator(".editor-status")).ToHaveTextAsync("Saved dos.txt");
        Assert.Equal("xa\r\nb\r\n", await visitor.ExecAsync("cat /root/dos.txt"));

        // Closing a changed file asks.
        await Tab(page, "code.py").ClickAsync();
        await page.Keyboard.PressAsync("Delete");
        await page.GetByRole(AriaRole.Button, new() { Name = "Close without saving" }).ClickAsync();
        await Assertions.Expect(Tab(page, "code.py")).ToHaveCountAsync(0);
        Assert.Equal("def f():\n    return 1\n", await visitor.ExecAsync("cat /root/code.py"));
    }

    [Fact]
    public async Task The_page_loads_no_editor_before_it_is_opened()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var scripts = new ConcurrentQueue<string>();
        visitor.Page.Request += (_, request) => scripts.Enqueue(request.Url);
        await visitor.LaunchAsync("busybox");
        Assert.DoesNotContain(scripts, url => url.Contains("editor", StringComparison.Ordinal));
        await visitor.Page.Keyboard.PressAsync("Alt+Shift+F");
        await visitor.Page.Locator("#ws-editor [role='tree']").WaitForAsync();
        Assert.Contains(scripts, url => url.Contains("editor-pane", StringComparison.Ordinal));
    }

    [Fact]
    public async Task On_a_phone_the_editor_covers_the_terminal_and_gives_it_back()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new() { ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true });
        await visitor.LaunchAsync("debian");
        await visitor.ExecAsync("echo hello > /root/note.txt");
        var page = visitor.Page;
        await visitor.ChooseAsync("editor");
        await page.Locator("#ws-editor").GetByRole(AriaRole.Treeitem, new() { Name = "note.txt" }).TapAsync();
        await Assertions.Expect(page.Locator(".cm-content")).ToContainTextAsync("hello");
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth && document.querySelector('.editor-head .button').getBoundingClientRect().right <= innerWidth"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Close the editor" }).TapAsync();
        await Assertions.Expect(page.Locator(".ws-xterm")).ToBeVisibleAsync();
    }

    private static ILocator Tab(IPage page, string name) => page.Locator("#ws-editor").GetByRole(AriaRole.Tab, new() { Name = name });

    private static async Task OpenAsync(IPage page, string name)
    {
        await page.Locator("#ws-editor").GetByRole(AriaRole.Treeitem, new() { Name = name }).ClickAsync();
        await Assertions.Expect(page.Locator(".cm-content")).ToBeFocusedAsync();
    }

    /// <summary>A sandbox with files, and the editor open beside its terminal with its tree.</summary>
    private async Task<Visitor> EditorAsync(string files)
    {
        var visitor = await Visitor.ArriveAsync(instance, chromium, new() { ViewportSize = new() { Width = 1600, Height = 900 } });
        await visitor.LaunchAsync("debian");
        await visitor.ExecAsync(files);
        await visitor.Page.Keyboard.PressAsync("Alt+Shift+F");
        await Assertions.Expect(visitor.Page.Locator("#ws-editor [role='tree']")).ToBeFocusedAsync();
        await visitor.Page.Locator("#ws-editor [role='treeitem']").First.WaitForAsync();
        return visitor;
    }
}
