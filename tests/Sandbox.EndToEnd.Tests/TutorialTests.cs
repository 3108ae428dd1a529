using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A tutorial's text beside its terminals: what a visitor clicks there, and what comes of it.</summary>
public sealed class TutorialTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_tutorial_is_found_started_and_continued()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var hash = await Lesson.PublishAsync(visitor);
        var page = visitor.Page;
        await page.GotoAsync("/tutorials");
        await page.GetByRole(AriaRole.Searchbox, new() { Name = "Search the tutorials" }).FillAsync("nothing-of-that-name");
        await Assertions.Expect(page.Locator("#search-none")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Searchbox, new() { Name = "Search the tutorials" }).FillAsync("count lines");
        await page.GetByRole(AriaRole.Link, new() { Name = "Files and lines" }).ClickAsync();

        // A page elsewhere cannot start it: only a click on its page does.
        await page.GotoAsync($"/p/new?tutorial={hash}");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Files and lines" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await page.Locator(".tut-text h2").WaitForAsync();
        await visitor.ShellAsync();
        var playground = visitor.Playground;

        await page.GotoAsync("/tutorials");
        await page.GetByRole(AriaRole.Link, new() { Name = "Continue" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Make a file" }).WaitForAsync();
        Assert.Equal(playground, visitor.Playground);
    }

    [Fact]
    public async Task Run_blocks_type_into_their_terminal_and_show_how_the_command_ended()
    {
        await using var visitor = await StartAsync();
        var page = visitor.Page;
        await Run(page, 0).ClickAsync();
        await Assertions.Expect(State(page, 0)).ToHaveTextAsync("✓ done");
        await Run(page, 1).ClickAsync();
        await Assertions.Expect(State(page, 1)).ToHaveTextAsync("✕ failed, exit code 1");
        await visitor.SeesAsync(text => text.Contains("No such file", StringComparison.Ordinal), "the message of the command that failed");
        await Run(page, 3).ClickAsync();
        await visitor.SeesLineAsync("first-42");
        await visitor.SeesLineAsync("second-42");
        await Assertions.Expect(State(page, 3)).ToHaveTextAsync("✓ done");

        await Run(page, 2).ClickAsync();
        await Assertions.Expect(State(page, 2)).ToHaveTextAsync("● running");
        await Assertions.Expect(page.Locator(".ws-tab")).ToHaveCountAsync(2);
        await Assertions.Expect(State(page, 0)).ToContainTextAsync("done");

        await page.ReloadAsync();
        await page.Locator(".tut-text h2").WaitForAsync();
        await Assertions.Expect(page.Locator(".block[data-index='0']")).ToHaveAttributeAsync("data-state", "busy");
        await page.Locator(".ws-tab [role='tab']").First.ClickAsync();
        await Assertions.Expect(State(page, 1)).ToHaveTextAsync("✓ already run, exit code 1");
    }

    [Fact]
    public async Task A_running_program_is_interrupted_only_on_request()
    {
        await using var visitor = await StartAsync();
        var page = visitor.Page;
        await Run(page, 2).ClickAsync();
        await Assertions.Expect(State(page, 2)).ToHaveTextAsync("● running");
        await Run(page, 0).ClickAsync();
        var question = page.GetByRole(AriaRole.Dialog, new() { Name = "sleep 1000 is running in this terminal" });
        await question.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        Assert.DoesNotContain("greeting", await visitor.ScreenAsync(), StringComparison.Ordinal);

        await Run(page, 0).ClickAsync();
        await question.GetByRole(AriaRole.Button, new() { Name = "Run in another terminal" }).ClickAsync();
        await Assertions.Expect(State(page, 0)).ToHaveTextAsync("✓ done");
        await Assertions.Expect(page.Locator(".ws-tab")).ToHaveCountAsync(3);

        await page.Locator(".ws-tab [role='tab']").Nth(1).ClickAsync();
        await Run(page, 0).ClickAsync();
        await question.GetByRole(AriaRole.Button, new() { Name = "Interrupt it and run" }).ClickAsync();
        await Assertions.Expect(State(page, 2)).ToHaveTextAsync("✕ failed, exit code 130");

        // It was done already, in the other terminal.
        await visitor.SeesAsync(text => text.Contains("echo hello > /root/greeting", StringComparison.Ordinal) && text.EndsWith('#'), "the command in the terminal of the interrupted one, and a prompt");
        await Assertions.Expect(State(page, 0)).ToHaveTextAsync("✓ done");

        // A program that fills the screen is not even offered the text.
        await page.Locator(".ws-xterm:visible").ClickAsync();
        await visitor.TypeAsync("printf '\\033[?1049h'; sleep 1000");
        await Eventually.TrueAsync(async () => await page.EvaluateAsync<bool>("() => document.querySelector('.ws-pane.focused .ws-terminal:not([hidden]) .ws-xterm').terminal.buffer.active.type === 'alternate'"), "the other screen");
        await Run(page, 0).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Run in another terminal" })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Type it into the program" })).ToHaveCountAsync(0);
        await page.Keyboard.PressAsync("Escape");
    }

    [Fact]
    public async Task A_check_fails_then_passes_and_the_tutorial_goes_on_to_its_end()
    {
        await using var visitor = await StartAsync();
        var page = visitor.Page;
        await Button(page, "Check").ClickAsync();
        await Assertions.Expect(page.Locator(".tut-result")).ToContainTextAsync("There is no greeting yet");
        await Run(page, 1).ClickAsync();
        await Assertions.Expect(State(page, 1)).ToContainTextAsync("failed");
        await Button(page, "Hint").ClickAsync();
        await Assertions.Expect(page.Locator(".tut-explained")).ToContainTextAsync("Use echo. Your last command ended with 1.");
        await Button(page, "Show solution").ClickAsync();
        await Assertions.Expect(page.Locator("[data-title='Solution']")).ToContainTextAsync("echo hello");
        await Run(page, 0).ClickAsync();
        await Assertions.Expect(State(page, 0)).ToContainTextAsync("done");
        await Button(page, "Check").ClickAsync();
        await Assertions.Expect(page.Locator(".tut-result[data-kind='passed']")).ToContainTextAsync("The greeting is there");

        await Button(page, "Next").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Count the lines" })).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator("math")).ToHaveCountAsync(1);
        var port = (await page.GetByRole(AriaRole.Link, new() { Name = "the greeting in a browser" }).GetAttributeAsync("href"))!;
        Assert.EndsWith("/ports/8099?path=%2Fgreeting", port, StringComparison.Ordinal);
        await Button(page, "Next").ClickAsync();
        await Assertions.Expect(page.Locator(".tut-result[data-kind='failed']")).ToContainTextAsync("Answer the question");
        await page.GetByLabel("Seven").CheckAsync();
        await Button(page, "Answer").ClickAsync();
        await Assertions.Expect(page.Locator(".quiz-result")).ToContainTextAsync("Not right");
        await page.GetByLabel("One", new() { Exact = true }).CheckAsync();
        await Button(page, "Answer").ClickAsync();
        await Assertions.Expect(page.Locator(".quiz-result")).ToHaveTextAsync("✓ Right");
        await Button(page, "Next").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Write a program" }).WaitForAsync();

        await Button(page, "Skip").ClickAsync();
        await Assertions.Expect(page.Locator(".tut-finish")).ToContainTextAsync("You have finished Files and lines");
        await Assertions.Expect(page.Locator(".tut-finish")).ToContainTextAsync("2 of 3 steps done, 1 skipped");
        await Button(page, "Keep this sandbox").ClickAsync();
        await Assertions.Expect(page.Locator(".toast").Last).ToContainTextAsync("Saved");
    }

    [Fact]
    public async Task A_block_writes_a_file_and_another_opens_it_in_the_editor()
    {
        await using var visitor = await StartAsync();
        var page = visitor.Page;
        await Button(page, "Skip").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Count the lines" }).WaitForAsync();
        await Button(page, "Skip").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Write a program" }).WaitForAsync();

        await Run(page, 0).ClickAsync();
        await Assertions.Expect(State(page, 0)).ToHaveTextAsync("✓ written");
        Assert.Equal("print(\"hi\")\n", await visitor.ExecAsync("cat /root/app.py"));
        await page.Locator(".block[data-index='1']").ClickAsync();
        await Assertions.Expect(page.Locator(".cm-content")).ToContainTextAsync("print(\"hi\")");

        // An earlier step is read again, and the open one stays open.
        await page.Locator(".tut-steps").ClickAsync();
        await page.Locator("#tut-menu").GetByRole(AriaRole.Button, new() { Name = "Make a file" }).ClickAsync();
        await Assertions.Expect(page.Locator(".tut-away")).ToContainTextAsync("earlier step");
        await page.Locator(".tut-away").GetByRole(AriaRole.Button).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Write a program" }).WaitForAsync();
    }

    [Fact]
    public async Task On_a_phone_text_and_terminal_take_turns()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new() { ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true });
        await Lesson.StartAsync(visitor);
        var page = visitor.Page;
        await Assertions.Expect(page.Locator(".ws-switch button").First).ToHaveTextAsync("Step 1 of 3");
        await Run(page, 0).TapAsync();
        await Assertions.Expect(page.Locator("#ws-tutorial .tut-text")).ToBeHiddenAsync();
        await visitor.SeesAsync(text => text.Contains("greeting", StringComparison.Ordinal), "the command");
        await page.Locator(".ws-switch button").First.TapAsync();
        await Assertions.Expect(State(page, 0)).ToHaveTextAsync("✓ done");
        await Eventually.TrueAsync(() => page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), "a page as wide as the phone");

        // A preview is below the terminal, so the terminal is shown for it.
        await visitor.ExecAsync(
            """
            setsid perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1); while ($c = $s->accept) { sysread $c, $_, 4096; print $c "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>Beside the lesson</h1>"; close $c }' > /dev/null 2>&1 < /dev/null &
            """);
        await page.GetByRole(AriaRole.Button, new() { Name = "Port 8080", Exact = true }).TapAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Beside the terminal: port 8080" }).TapAsync();
        await Assertions.Expect(page.Locator("#ws-preview").FrameLocator("iframe").GetByRole(AriaRole.Heading, new() { Name = "Beside the lesson" })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#ws-preview .preview-cover")).ToBeInViewportAsync(new() { Ratio = 1 });
        await Assertions.Expect(page.Locator("#ws-tutorial .tut-text")).ToBeHiddenAsync();
        await page.Locator("#ws-preview .preview-cover").TapAsync();
        await page.WaitForFunctionAsync("document.activeElement.matches('.preview-frame')");
    }

    [Fact]
    public async Task Two_pages_of_a_tutorial_show_the_same_step()
    {
        await using var visitor = await StartAsync();
        var other = await visitor.Context.NewPageAsync();
        await other.GotoAsync(visitor.Page.Url);
        await other.GetByRole(AriaRole.Heading, new() { Name = "Make a file" }).WaitForAsync();
        await Button(visitor.Page, "Skip").ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "Count the lines" }).WaitForAsync();
        await other.GetByRole(AriaRole.Heading, new() { Name = "Count the lines" }).WaitForAsync();
    }

    [Fact]
    public async Task A_step_is_reset_after_a_question_and_reported_to_its_author()
    {
        await using var visitor = await StartAsync();
        var page = visitor.Page;
        var before = visitor.Playground;
        await Run(page, 0).ClickAsync();
        await Assertions.Expect(State(page, 0)).ToHaveTextAsync("✓ done");
        await page.Locator(".tut-steps").ClickAsync();
        await page.Locator("#tut-menu").GetByRole(AriaRole.Button, new() { Name = "Report this step" }).ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "What is wrong with it?" }).FillAsync("The first block is too easy.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await Assertions.Expect(page.Locator(".toast").Last).ToContainTextAsync("Reported");

        await Button(page, "Reset this step").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Reset the step" }).ClickAsync();
        await Eventually.TrueAsync(() => Task.FromResult(visitor.Playground.Length > 0 && visitor.Playground != before), "another playground");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Make a file" }).WaitForAsync();
        await visitor.ShellAsync();
        Assert.Equal("", await visitor.ExecAsync("ls /root/greeting 2>/dev/null; true"));
        await Assertions.Expect(State(page, 0)).ToHaveTextAsync("");
    }

    [Fact]
    public async Task A_link_continues_the_tutorial_on_another_device()
    {
        await using var visitor = await StartAsync();
        await Button(visitor.Page, "Skip").ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "Count the lines" }).WaitForAsync();
        var run = (await (await visitor.Context.APIRequest.GetAsync($"/api/v1/playgrounds/{visitor.Playground}/tutorial")).JsonAsync())!.Value;

        await using var other = await Visitor.ArriveAsync(instance, chromium);
        await other.Page.GotoAsync($"/t/resume/{run.GetProperty("resumeCode").GetString()}");
        await other.Page.GetByRole(AriaRole.Button, new() { Name = "Continue here" }).ClickAsync();
        await other.Page.GetByRole(AriaRole.Heading, new() { Name = "Count the lines" }).WaitForAsync();
    }

    [Fact]
    public async Task The_border_beside_the_text_is_moved_by_keys()
    {
        await using var visitor = await StartAsync();
        var page = visitor.Page;
        var border = page.GetByRole(AriaRole.Separator, new() { Name = "Width of the tutorial's text" });
        var before = (await page.Locator("#ws-tutorial").BoundingBoxAsync())!.Width;
        await border.FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await Eventually.TrueAsync(async () => (await page.Locator("#ws-tutorial").BoundingBoxAsync())!.Width > before + 20, "a wider text");
        await page.Keyboard.PressAsync("Alt+Shift+P");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Make a file" })).ToBeFocusedAsync();
    }

    private static ILocator Run(IPage page, int block) => page.Locator($".block[data-index='{block}'] .block-run");

    private static ILocator State(IPage page, int block) => page.Locator($".block[data-index='{block}'] .block-state");

    private static ILocator Button(IPage page, string name) => page.Locator("#ws-tutorial").GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private async Task<Visitor> StartAsync()
    {
        var visitor = await Visitor.ArriveAsync(instance, chromium);
        await Lesson.StartAsync(visitor);
        return visitor;
    }
}
