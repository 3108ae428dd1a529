using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Searching what a terminal printed.</summary>
public sealed class FindTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task Matches_are_counted_and_case_words_and_patterns_can_be_chosen()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("PS1='> '; clear; echo; printf 'fish\\nFish\\nfishing\\nf1sh\\n'; echo end-$((6*7))");
        await visitor.SeesLineAsync("end-42");
        await visitor.TypeAsync("clear; printf 'fi%s\\nFi%s\\nfi%s\\nf1%s\\n' sh sh shing sh; echo end-$((7*7))");
        await visitor.SeesLineAsync("end-49");
        var result = page.Locator("#ws-find-result");
        var text = page.Locator("#ws-find-text");

        await page.Keyboard.PressAsync("Control+Shift+F");
        await Assertions.Expect(text).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("fish");
        await Assertions.Expect(result).ToHaveTextAsync("3 of 3");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(result).ToHaveTextAsync("2 of 3");
        await page.Keyboard.PressAsync("Shift+Enter");
        await Assertions.Expect(result).ToHaveTextAsync("3 of 3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Previous" }).ClickAsync();
        await Assertions.Expect(result).ToHaveTextAsync("2 of 3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Next" }).ClickAsync();
        await Assertions.Expect(result).ToHaveTextAsync("3 of 3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Match case" }).ClickAsync();
        await Assertions.Expect(result).ToHaveTextAsync("2 of 2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Whole words" }).ClickAsync();
        await Assertions.Expect(result).ToHaveTextAsync("1 of 1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Match case" }).ClickAsync();
        await Assertions.Expect(result).ToContainTextAsync(" of 2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Whole words" }).ClickAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Regular expression" }).ClickAsync();
        await text.FillAsync("f[i1]sh$");
        await Assertions.Expect(result).ToContainTextAsync(" of 3");
        await text.FillAsync("f(");
        await Assertions.Expect(result).ToHaveTextAsync("Unterminated group");
        await Assertions.Expect(text).ToHaveAttributeAsync("aria-invalid", "true");
        await text.FillAsync("nowhere");
        await Assertions.Expect(result).ToHaveTextAsync("Not found");

        // A whole word is found behind a part of one, and before it.
        await page.Keyboard.PressAsync("Escape");
        await visitor.TypeAsync("clear; printf 'fi%s fi%s\\nfi%s fi%s.log\\n' shing sh sh shing; echo end-$((8*8))");
        await visitor.SeesLineAsync("end-64");
        await page.Keyboard.PressAsync("Control+Shift+F");
        await page.GetByRole(AriaRole.Button, new() { Name = "Whole words" }).ClickAsync();
        await text.FillAsync("f[i1]sh");
        await Assertions.Expect(result).ToHaveTextAsync("2 of 2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Regular expression" }).ClickAsync();
        await text.FillAsync("fish");
        await Assertions.Expect(result).ToHaveTextAsync("2 of 2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Previous" }).ClickAsync();
        await Assertions.Expect(result).ToHaveTextAsync("1 of 2");
        await text.FillAsync("fish fishing.log");
        await Assertions.Expect(result).ToHaveTextAsync("1 of 1");
        await text.FillAsync("fishing.lo");
        await Assertions.Expect(result).ToHaveTextAsync("Not found");

        await page.Keyboard.PressAsync("Escape");
        await visitor.TypeAsync("echo after-$((6*7))");
        await visitor.SeesLineAsync("after-42");
    }
}
