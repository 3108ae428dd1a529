using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>
/// Checks every page against the rules of WCAG 2.1 AA that a program can check: names, roles, contrast; in light and
/// dark, on a desktop and on a phone.
/// </summary>
public sealed class AccessibilityTests(Instance instance, Chromium chromium)
{
    private static readonly AxeRunOptions Rules = new() { RunOnly = new() { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] } };

    public static TheoryData<string, bool> Looks => new()
    {
        { "light", false },
        { "dark", false },
        { "light", true },
        { "dark", true },
    };

    [Theory]
    [MemberData(nameof(Looks))]
    public async Task No_page_breaks_an_accessibility_rule(string scheme, bool isPhone)
    {
        await using var visitor = await ArriveAsync(scheme, isPhone);
        var page = visitor.Page;
        foreach (var path in new[] { "/", "/?q=nothing-of-that-name", "/docs", "/status", "/playgrounds", "/links", "/images", "/compose", "/volumes", "/recordings", "/tutorials", "/p/nobody", "/t", "/t/nothing-here" })
        {
            await page.GotoAsync(path);
            await CheckAsync(page, path);
        }

        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("false; echo some words");
        await visitor.SeesLineAsync("some words");
        await CheckAsync(page, "the workspace");
        await page.Locator("#ws-actions").ClickAsync();
        await CheckAsync(page, "the menu");
        await page.Locator("#ws-actions-menu [data-act='shortcuts']").ClickAsync();
        await CheckAsync(page, "the shortcuts");
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("Control+,");
        await page.GetByRole(AriaRole.Dialog, new() { Name = "Terminal settings" }).WaitForAsync();
        await CheckAsync(page, "the settings");
        await page.Keyboard.PressAsync("Escape");
        await visitor.ChooseAsync("select-text");
        await page.GetByRole(AriaRole.Dialog, new() { Name = "Text of the terminal" }).WaitForAsync();
        await CheckAsync(page, "the text of the terminal");
        await page.Keyboard.PressAsync("Escape");
        await visitor.ChooseAsync("receipt");
        await page.Locator(".receipt-limits").WaitForAsync();
        await CheckAsync(page, "what keeps the sandbox apart");
        await page.Keyboard.PressAsync("Escape");
        await page.Locator("#ws-files").ClickAsync();
        await page.Locator("#ws-side [role='tree']").WaitForAsync();
        await CheckAsync(page, "the files");
        await page.Keyboard.PressAsync("Escape");
        await visitor.PutAsync("hello.py", "# A comment\ndef hello(name):\n    return f\"hello {name}\" + str(42)\n"u8.ToArray());
        await page.Keyboard.PressAsync("Alt+Shift+F");
        await page.Locator("#ws-editor").GetByRole(AriaRole.Treeitem, new() { Name = "hello.py" }).ClickAsync();
        await page.Locator(".cm-content").WaitForAsync();
        await page.Keyboard.TypeAsync("x");
        await CheckAsync(page, "the editor");
        await page.Keyboard.PressAsync("Control+s");
        await page.GetByRole(AriaRole.Button, new() { Name = "Close the editor" }).ClickAsync();
        await visitor.PutAsync("index.html", "<!doctype html><html lang=en><title>Hello</title><main><h1>Served</h1></main>"u8.ToArray());
        await visitor.ExecAsync("httpd -p 8080 -h /");
        await page.Locator("#ws-ports").ClickAsync();
        await CheckAsync(page, "the ports");
        await page.GetByRole(AriaRole.Button, new() { Name = "Beside the terminal: port 8080" }).ClickAsync();
        await page.FrameLocator("#ws-preview iframe").GetByRole(AriaRole.Heading, new() { Name = "Served" }).WaitForAsync();
        await CheckAsync(page, "a page beside the terminal");
        await page.GetByRole(AriaRole.Button, new() { Name = "Close the preview" }).ClickAsync();
        await page.Locator("#ws-share").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create link" }).ClickAsync();
        var link = await page.Locator("#share-url").InputValueAsync();
        await CheckAsync(page, "the links");
        await page.GetByRole(AriaRole.Button, new() { Name = "Share this state" }).ClickAsync();
        await page.Locator("form.state-form").WaitForAsync();
        await CheckAsync(page, "what a link would hold");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create link" }).ClickAsync();
        await page.Locator(".made-link").WaitForAsync();
        await CheckAsync(page, "a link of the state");
        await page.Keyboard.PressAsync("Escape");

        await using (var guest = await ArriveAsync(scheme, isPhone))
        {
            await guest.Page.GotoAsync(link);
            await guest.Page.Locator("#workspace[data-session=live]").WaitForAsync();
            await CheckAsync(guest.Page, "the page of a link");
        }

        await page.GotoAsync("/playgrounds");
        await page.Locator(".row").First.WaitForAsync();
        await CheckAsync(page, "the playgrounds, with one");
        await page.GotoAsync("/links");
        await CheckAsync(page, "my links, with one");
        foreach (var (button, dialog) in new[] { ("Edit", "Edit the link"), ("Names", "Names of"), ("Show it", "Show") })
        {
            await page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();
            await page.GetByRole(AriaRole.Dialog, new() { Name = dialog }).WaitForAsync();
            await CheckAsync(page, dialog);
            await page.Keyboard.PressAsync("Escape");
        }
    }

    [Theory]
    [MemberData(nameof(Looks))]
    public async Task The_pages_of_a_tutorial_break_no_accessibility_rule(string scheme, bool isPhone)
    {
        await using var visitor = await ArriveAsync(scheme, isPhone);
        var page = visitor.Page;
        var hash = await Lesson.PublishAsync(visitor);
        foreach (var path in new[] { "/tutorials", $"/t/{hash}" })
        {
            await page.GotoAsync(path);
            await CheckAsync(page, path);
        }

        await Lesson.StartAsync(visitor);
        var tutorial = page.Locator("#ws-tutorial");
        await tutorial.Locator(".block-run").Nth(1).ClickAsync();
        if (isPhone)
        {
            await CheckAsync(page, "the terminal of a tutorial");
            await page.Locator(".ws-switch button").First.ClickAsync();
        }

        await tutorial.Locator(".block[data-state='failed']").First.WaitForAsync();
        await tutorial.GetByRole(AriaRole.Button, new() { Name = "Check" }).ClickAsync();
        await tutorial.Locator(".tut-result[data-kind='failed']").WaitForAsync();
        await tutorial.GetByRole(AriaRole.Button, new() { Name = "Hint" }).ClickAsync();
        await tutorial.Locator(".tut-explained").WaitForAsync();
        await CheckAsync(page, "a step");
        await tutorial.Locator(".tut-steps").ClickAsync();
        await CheckAsync(page, "the list of steps");
        await page.Keyboard.PressAsync("Escape");
        await tutorial.GetByRole(AriaRole.Button, new() { Name = "Skip" }).ClickAsync();
        await tutorial.GetByRole(AriaRole.Radio).First.WaitForAsync();
        await CheckAsync(page, "a question");
    }

    [Theory]
    [InlineData("light", false)]
    [InlineData("dark", true)]
    public async Task The_operators_pages_break_no_accessibility_rule(string scheme, bool isPhone)
    {
        await using var visitor = await ArriveAsync(scheme, isPhone);
        await visitor.Page.GotoAsync(await instance.AdminLinkAsync());
        await CheckAsync(visitor.Page, "signing in");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(visitor.Page).ToHaveURLAsync("/admin");
        foreach (var tab in new[] { "Running", "People", "Plans", "Log", "Host", "Images" })
        {
            await visitor.Page.GetByRole(AriaRole.Tab, new() { Name = tab, Exact = true }).ClickAsync();
            await Assertions.Expect(visitor.Page.Locator(".mud-tab-active")).ToHaveTextAsync(tab);
            await visitor.Page.Locator(".admin-panel:visible td").First.WaitForAsync();
            await CheckAsync(visitor.Page, $"/admin, {tab}");
        }

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Isolation…" }).First.ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Dialog).Filter(new() { HasText = "Applies to new launches." }).WaitForAsync();
        await CheckAsync(visitor.Page, "/admin, the isolation of an image");
    }

    private Task<Visitor> ArriveAsync(string scheme, bool isPhone) => Visitor.ArriveAsync(instance, chromium, new()
    {
        ColorScheme = scheme == "dark" ? ColorScheme.Dark : ColorScheme.Light,
        ViewportSize = isPhone ? new() { Width = 390, Height = 844 } : new() { Width = 1280, Height = 800 },
        HasTouch = isPhone,
        IsMobile = isPhone,

        // A colour in the middle of a fade would be measured.
        ReducedMotion = ReducedMotion.Reduce,
    });

    internal static async Task CheckAsync(IPage page, string where)
    {
        var result = await page.RunAxe(Rules);
        Assert.NotEmpty(result.Passes);
        Assert.True(
            result.Violations.Length == 0,
            $"{where}:\n" + string.Join('\n', result.Violations.SelectMany(rule => rule.Nodes.Select(node => $"{rule.Id}: {rule.Help}\n  {node.Html}\n  {string.Join("; ", node.Any.Concat(node.All).Select(check => check.Message))}"))));
    }
}
