using System.IO.Compression;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Our elements on a page of another site; where it matters, in a browser that keeps cookies and storage from frames.</summary>
public sealed class EmbedTests(Instance instance, Chromium chromium)
{
    /// <summary>As a visitor sets "Block third-party cookies".</summary>
    private const string BlockThirdParties = "--test-third-party-cookie-phaseout";

    [Fact]
    public async Task Five_terminals_on_a_page_of_another_site_work_without_cookies()
    {
        await using var page = await OpenAsync("five.html", string.Concat(Enumerable.Range(1, 5).Select(number => $"<sandbox-terminal id=t{number} image=busybox height=220>$ ls\nbin</sandbox-terminal>")), isBlocked: true);

        // Nothing of ours was loaded but the script.
        Assert.Equal(["/embed.js"], page.Requests.Where(url => url.Host == "localhost").Select(url => url.AbsolutePath));
        Assert.Empty(page.Frames);
        await Assertions.Expect(page.Of("#t1").Locator("pre")).ToHaveTextAsync("$ ls\nbin");

        for (var number = 1; number <= 5; number++)
        {
            await page.Of($"#t{number}").GetByRole(AriaRole.Button).ClickAsync();
            await page.StateAsync($"#t{number}", "live");
            await page.Page.Keyboard.TypeAsync($"echo mine-$((40+{number}))\n");
            await page.SeesAsync(number - 1, $"mine-{40 + number}");
        }

        Assert.Equal(5, page.Frames.Count);
        Assert.DoesNotContain(await page.Page.Context.CookiesAsync(), cookie => cookie.Name == "sandbox_guest");
        Assert.True(await page.Frames[0].EvaluateAsync<bool>("() => { try { sessionStorage.length; return false; } catch { return true; } }"));
        for (var number = 1; number <= 5; number++)
        {
            await page.SeesAsync(number - 1, $"mine-{40 + number}");
        }
    }

    [Fact]
    public async Task A_key_starts_it_and_none_is_lost()
    {
        await using var page = await OpenAsync("keys.html", "<sandbox-terminal id=t image=busybox></sandbox-terminal>");
        await page.Of("#t").GetByRole(AriaRole.Button).FocusAsync();
        await page.Page.Keyboard.TypeAsync("echo typed-$((6*7)) # while it starts", new() { Delay = 15 });
        await page.StateAsync("#t", "live");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.SeesAsync(0, "typed-42");
        Assert.Contains("# while it starts", await page.ScreenAsync(0), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sandboxed_page_without_an_origin_works()
    {
        await using var page = await OpenAsync("outer.html", "<iframe sandbox='allow-scripts' src='inner.html' style='width:100%;height:600px'></iframe>", before: pages =>
            pages.Add("inner.html", Html("<sandbox-terminal id=t image=busybox></sandbox-terminal><sandbox-run id=r image=busybox><pre>echo ran-$((6*7))</pre></sandbox-run>")));
        var inner = page.Page.FrameLocator("iframe");
        Assert.Equal("null", await page.Page.Frames.Single(frame => frame.Url.EndsWith("/inner.html", StringComparison.Ordinal)).EvaluateAsync<string>("() => window.origin"));
        await inner.Locator("#t").GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(inner.Locator("#t")).ToHaveAttributeAsync("data-state", "live");
        await page.Page.Keyboard.TypeAsync("echo alone-$((6*7))\n");
        await page.SeesAsync(0, "alone-42");

        await inner.Locator("#r").GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();
        await Assertions.Expect(inner.Locator("#r").Locator(".result")).ToHaveTextAsync("ran-42\n");

        // No tab can be opened, so the address is shown.
        await page.Frames[0].GetByRole(AriaRole.Button, new() { Name = "Open full page" }).ClickAsync();
        await Assertions.Expect(page.Frames[0].GetByLabel("Address of the full page, good once within two minutes")).Not.ToHaveValueAsync("");
    }

    [Fact]
    public async Task Open_full_page_carries_the_work_along_and_leads_back()
    {
        await using var page = await OpenAsync("carry.html", "<sandbox-terminal id=t image=busybox></sandbox-terminal>");
        await page.Of("#t").GetByRole(AriaRole.Button).ClickAsync();
        await page.StateAsync("#t", "live");
        await page.Page.Keyboard.TypeAsync("echo carried > /root/work; sleep 1000 & echo left-$((6*7))\n");
        await page.SeesAsync(0, "left-42");

        // A click counts that comes before the page's script.
        var isClicked = new TaskCompletionSource();
        await page.Page.Context.RouteAsync("**/dist/site*.js", async route =>
        {
            await isClicked.Task;
            await route.ContinueAsync();
        });
        var frame = page.Frames[0];
        var tab = await page.Page.Context.RunAndWaitForPageAsync(() => frame.GetByRole(AriaRole.Button, new() { Name = "Open full page" }).ClickAsync());
        await Assertions.Expect(tab.GetByRole(AriaRole.Heading, new() { Name = "Continue BusyBox here?" })).ToBeVisibleAsync();
        await Assertions.Expect(tab.Locator(".handover-from")).ToHaveTextAsync(page.Page.Url);
        await tab.GetByRole(AriaRole.Button, new() { Name = "Continue here" }).ClickAsync();
        isClicked.SetResult();
        await tab.Locator(".ws-tab.active[data-state='live']").WaitForAsync();
        Assert.Matches("/p/[a-z0-9]{16}$", tab.Url);

        // It is the visitor's now, and no longer the frame's.
        var playgrounds = (await (await page.Page.Context.APIRequest.GetAsync($"{instance.Url}api/v1/playgrounds")).JsonAsync())!.Value;
        var sandbox = playgrounds[0].GetProperty("sandboxes")[0].GetProperty("id").GetString();
        Assert.Equal("carried\n", await (await page.Page.Context.APIRequest.GetAsync($"{instance.Url}api/v1/sandboxes/{sandbox}/files/root/work")).TextAsync());
        await Assertions.Expect(frame.GetByText("It continues in its own tab")).ToBeVisibleAsync();

        await tab.Locator("#ws-actions").ClickAsync();
        await tab.Locator("#ws-actions-menu [data-act='remove']").ClickAsync();
        await tab.GetByRole(AriaRole.Button, new() { Name = "End it", Exact = true }).ClickAsync();
        var back = tab.GetByRole(AriaRole.Link, new() { Name = $"Back to {new Uri(page.Page.Url).Authority}/carry.html" });
        await Assertions.Expect(back).ToHaveAttributeAsync("href", page.Page.Url);

        // And the frame starts another one.
        await frame.GetByRole(AriaRole.Button, new() { Name = "Start again" }).ClickAsync();
        await page.StateAsync("#t", "live");
    }

    [Fact]
    public async Task A_shell_that_ended_says_so_and_another_is_a_click_away()
    {
        await using var page = await OpenAsync("over.html", "<sandbox-terminal id=t image=busybox></sandbox-terminal>");
        await page.Of("#t").GetByRole(AriaRole.Button).ClickAsync();
        await page.StateAsync("#t", "live");
        await page.Page.Keyboard.TypeAsync("echo kept > /root/file; exit\n");
        var frame = page.Frames[0];
        await Assertions.Expect(frame.GetByText("The shell ended.")).ToBeVisibleAsync();
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        await frame.GetByRole(AriaRole.Button, new() { Name = "New shell" }).ClickAsync();
        await Assertions.Expect(frame.Locator("#ws-panel")).ToBeHiddenAsync();
        await page.Page.Keyboard.TypeAsync("cat /root/file\n");
        await page.SeesAsync(0, "kept");
    }

    [Fact]
    public async Task A_link_with_commands_asks_in_the_frame_and_runs_after_a_click()
    {
        var hash = await LinkAsync(new { recipe = new { nodes = new[] { new { image = "busybox", setup = new[] { new[] { "sh", "-c", "echo set-up > /root/made" } } } } }, title = "With a setup" });
        await using var page = await OpenAsync("consent.html", $"<sandbox-terminal id=t link={hash} height=420></sandbox-terminal>");
        await page.Of("#t").GetByRole(AriaRole.Button).ClickAsync();
        await page.StateAsync("#t", "asking");
        var frame = page.Frames[0];
        await Assertions.Expect(frame.GetByText("echo set-up > /root/made")).ToBeVisibleAsync();
        await frame.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await page.StateAsync("#t", "live");
        await page.Page.Keyboard.TypeAsync("cat /root/made\n");
        await page.SeesAsync(0, "set-up");
    }

    [Fact]
    public async Task A_page_that_is_not_on_a_links_list_reads_so_and_one_that_lies_shows_nothing()
    {
        // Nobody else's link has this content: its address would be the same, and open to all.
        var hash = await LinkAsync(new { recipe = new { nodes = new[] { new { image = "busybox", env = new { PAGE = "docs.example" } } } }, title = "For one page", budget = new { origins = new[] { "https://docs.example" } } });
        await using var page = await OpenAsync("stranger.html", $"<sandbox-terminal id=t link={hash}></sandbox-terminal><sandbox-run id=r link={hash}><pre>true</pre></sandbox-run><iframe id=lie src='{instance.Url}embed/terminal?link={hash}&page=https://docs.example'></iframe>");
        await page.Of("#t").GetByRole(AriaRole.Button).ClickAsync();
        await page.StateAsync("#t", "failed");
        await Assertions.Expect(page.Page.FrameLocator("sandbox-terminal iframe").GetByText("This page may not show it")).ToBeVisibleAsync();
        await page.Of("#r").GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();
        await Assertions.Expect(page.Of("#r").Locator(".bar")).ToContainTextAsync("This page may not show it");
        Assert.Equal(0, await page.Page.FrameLocator("#lie").Locator("#workspace").CountAsync());
    }

    [Fact]
    public async Task Blocks_with_one_name_share_a_sandbox_and_others_do_not()
    {
        await using var page = await OpenAsync("run.html", """
            <sandbox-run id=a image=python sandbox=s file=data.py><pre>
                VALUE = 6 * 7
            </pre></sandbox-run>
            <sandbox-run id=b image=python sandbox=s><pre><code>import data, sys
            print("value", data.VALUE)
            print("&lt;b&gt;not HTML&lt;/b&gt;", file=sys.stderr)
            sys.exit(3)</code></pre></sandbox-run>
            <sandbox-run id=c image=python><pre>import data</pre></sandbox-run>
            """);
        await page.RunAsync("#a", "Exit code 0");
        await page.RunAsync("#b", "Exit code 3");
        await Assertions.Expect(page.Of("#b").Locator(".result")).ToHaveTextAsync("value 42\n<b>not HTML</b>\n");
        await page.RunAsync("#c", "Exit code 1");
        await Assertions.Expect(page.Of("#c").Locator(".result")).ToContainTextAsync("No module named 'data'");
        Assert.Equal(2, page.Frames.Count);

        // Edited, run by its key, and back as it was.
        var code = page.Of("#c").GetByLabel("Code");
        await code.FillAsync("print('edited', 6 * 7)");
        await code.PressAsync("Control+Enter");
        await Assertions.Expect(page.Of("#c").Locator(".result")).ToHaveTextAsync("edited 42\n");
        await page.Of("#c").GetByRole(AriaRole.Button, new() { Name = "Reset" }).ClickAsync();
        await Assertions.Expect(code).ToHaveValueAsync("import data");
        await Assertions.Expect(page.Of("#c").Locator(".result")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Code_continues_in_a_tab_with_its_edits_and_the_next_run_has_another_sandbox()
    {
        await using var page = await OpenAsync("edits.html", "<sandbox-run id=a image=busybox><pre>echo kept > /root/work; echo first</pre></sandbox-run>", isBlocked: true);
        var open = page.Of("#a").GetByRole(AriaRole.Button, new() { Name = "Open full page" });
        await Assertions.Expect(open).ToBeHiddenAsync();
        await page.RunAsync("#a", "Exit code 0");
        await page.Of("#a").GetByLabel("Code").FillAsync("cat /root/work # edited");
        var tab = await page.Page.Context.RunAndWaitForPageAsync(() => open.ClickAsync());
        await Assertions.Expect(tab.Locator(".handover-from")).ToHaveTextAsync(page.Page.Url);
        await tab.GetByRole(AriaRole.Button, new() { Name = "Continue here" }).ClickAsync();
        await tab.Locator(".ws-tab.active[data-state='live']").WaitForAsync();
        var playgrounds = (await (await page.Page.Context.APIRequest.GetAsync($"{instance.Url}api/v1/playgrounds")).JsonAsync())!.Value;
        var files = $"{instance.Url}api/v1/sandboxes/{playgrounds[0].GetProperty("sandboxes")[0].GetProperty("id").GetString()}/files";
        Assert.Equal("kept\n", await (await page.Page.Context.APIRequest.GetAsync(files + "/root/work")).TextAsync());
        Assert.Equal("cat /root/work # edited", await (await page.Page.Context.APIRequest.GetAsync(files + "/sandbox/main.sh")).TextAsync());
        await Assertions.Expect(page.Of("#a").Locator(".bar")).ToContainTextAsync("continues in its own tab, with the code at /sandbox/main.sh");
        await Assertions.Expect(open).ToBeHiddenAsync();
        await page.RunAsync("#a", "Exit code 1");
        await Assertions.Expect(page.Of("#a").Locator(".result")).ToContainTextAsync("No such file");
    }

    [Fact]
    public async Task Output_appears_while_the_code_runs()
    {
        await using var page = await OpenAsync("stream.html", "<sandbox-run id=a image=busybox sandbox=s><pre>echo first; until [ -e /tmp/go ]; do sleep 0.1; done; echo second >&2</pre></sandbox-run><sandbox-run id=b image=busybox><pre>true</pre></sandbox-run>", isBlocked: true);
        var made = await page.Page.RunAndWaitForResponseAsync(
            () => page.Of("#a").GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync(),
            response => response.Request.Method == "POST" && response.Url.EndsWith("/exec", StringComparison.Ordinal));
        await Assertions.Expect(page.Of("#a").Locator(".result")).ToHaveTextAsync("first\n");
        await Assertions.Expect(page.Of("#a").GetByRole(AriaRole.Button, new() { Name = "Run" })).ToBeDisabledAsync();

        using var client = instance.NewClient();
        client.DefaultRequestHeaders.Add("Authorization", await made.Request.HeaderValueAsync("authorization"));
        Assert.Equal(200, (int)(await client.PostAsJsonAsync(new Uri(made.Url).AbsolutePath, new { command = new[] { "touch", "/tmp/go" } })).StatusCode);
        await Assertions.Expect(page.Of("#a").Locator(".result")).ToHaveTextAsync("first\nsecond\n");
        await Assertions.Expect(page.Of("#a").Locator(".bar")).ToContainTextAsync("Exit code 0");

        // Output that comes after a reset is not shown: the code that printed it is gone.
        await page.Of("#a").GetByLabel("Code").FillAsync("echo third; until [ -e /tmp/on ]; do sleep 0.1; done; echo fourth");
        await page.Of("#a").GetByLabel("Code").PressAsync("Control+Enter");
        await Assertions.Expect(page.Of("#a").Locator(".result")).ToHaveTextAsync("third\n");
        await page.Of("#a").GetByRole(AriaRole.Button, new() { Name = "Reset" }).ClickAsync();
        await Assertions.Expect(page.Of("#a").Locator(".bar")).ToContainTextAsync("Still running");
        Assert.Equal(200, (int)(await client.PostAsJsonAsync(new Uri(made.Url).AbsolutePath, new { command = new[] { "touch", "/tmp/on" } })).StatusCode);
        await Assertions.Expect(page.Of("#a").GetByRole(AriaRole.Button, new() { Name = "Run" })).ToBeEnabledAsync();
        await Assertions.Expect(page.Of("#a").Locator(".result")).ToBeHiddenAsync();
        await Assertions.Expect(page.Of("#a").Locator(".bar")).Not.ToContainTextAsync("Exit code");
    }

    [Fact]
    public async Task A_tutorial_runs_in_a_page_of_another_site_without_cookies()
    {
        await using var page = await OpenAsync("lesson.html", "<sandbox-tutorial id=t tutorial=linux-shell height=560></sandbox-tutorial>", isBlocked: true, options: new() { ViewportSize = new() { Width = 1280, Height = 900 } });
        Assert.Empty(page.Frames);
        await page.Of("#t").GetByRole(AriaRole.Button).ClickAsync();
        await page.StateAsync("#t", "asking");
        var frame = page.Frames[0];
        await frame.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await page.StateAsync("#t", "live");
        await frame.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = false }).First.ClickAsync();
        await Assertions.Expect(frame.Locator(".block[data-state='passed']").First).ToBeVisibleAsync();
        await frame.GetByRole(AriaRole.Button, new() { Name = "Skip" }).ClickAsync();
        await Assertions.Expect(frame.Locator(".tut-steps")).ToContainTextAsync("Step 2 of 5");

        // Begun again, the step goes on in another playground, in the same frame.
        await frame.GetByRole(AriaRole.Button, new() { Name = "Reset this step" }).ClickAsync();
        await frame.GetByRole(AriaRole.Button, new() { Name = "Reset the step" }).ClickAsync();
        await Assertions.Expect(frame.Locator(".tut-steps")).ToContainTextAsync("Step 2 of 5");
        await Assertions.Expect(frame.Locator("#ws-panel")).ToBeHiddenAsync();
        await Assertions.Expect(frame.Locator(".ws-tab")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Attributes_and_messages_of_a_hostile_page_change_nothing()
    {
        await using var page = await OpenAsync("hostile.html", """
            <sandbox-terminal id=a image="javascript:alert(1)" height="1px;background:url(//evil.example)" theme='"><script>' output="<img src=x onerror=parent.hit=1>"><b onclick="hit=1">x</b></sandbox-terminal>
            <sandbox-terminal id=b image="../../admin?x=" command="echo '&lt;script&gt;parent.hit=1&lt;/script&gt;'"></sandbox-terminal>
            <sandbox-terminal id=c image=busybox link=x></sandbox-terminal>
            <sandbox-terminal id=t image=busybox></sandbox-terminal>
            <sandbox-run id=r image=busybox file="../../etc/passwd"><pre>true</pre></sandbox-run>
            <iframe id=other srcdoc="x"></iframe>
            """);
        Assert.Equal("<img src=x onerror=parent.hit=1>", await page.Of("#a").Locator("pre").TextContentAsync());
        Assert.Equal("", await page.Page.Locator("#a").EvaluateAsync<string>("element => element.style.cssText"));
        foreach (var id in new[] { "#a", "#b" })
        {
            await page.Of(id).GetByRole(AriaRole.Button).ClickAsync();
            await page.StateAsync(id, "failed");
        }

        await Assertions.Expect(page.Of("#c").GetByRole(AriaRole.Button)).ToBeDisabledAsync();
        await page.Of("#r").GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();
        await Assertions.Expect(page.Of("#r").Locator(".bar")).ToContainTextAsync("is not a path");
        Assert.All(page.Frames, frame => Assert.StartsWith($"{instance.Url}embed/terminal?", frame.Url, StringComparison.Ordinal));

        // Keys of the page are letters only, and only before the terminal is there; other frames are not heard at all.
        await page.Of("#t").GetByRole(AriaRole.Button).ClickAsync();
        await page.Page.EvaluateAsync("""
            () => {
              const frame = document.querySelector('#t').shadowRoot.querySelector('iframe').contentWindow;
              const say = message => frame.postMessage(message, '*');
              say({ sandbox: 'keys', text: 'touch /root/hit\n' }); say({ sandbox: 'keys', text: 'x'.repeat(5000) });
              say({ sandbox: 'page', address: 'javascript:alert(1)' }); say({ sandbox: 'run', run: 1, files: [], command: ['touch', '/root/hit'] });
              say(null); say('keys'); say({}); say({ sandbox: {} });
              document.querySelector('#other').contentWindow.eval("parent.document.querySelector('#t').shadowRoot.querySelector('iframe').contentWindow.postMessage({ sandbox: 'keys', text: 'zzz' }, '*')");
              window.postMessage({ sandbox: 'state', state: 'failed' }, '*');
              document.querySelector('#other').contentWindow.eval("parent.postMessage({ sandbox: 'state', state: 'failed' }, '*')");
            }
            """);
        await page.StateAsync("#t", "live");
        await page.Page.EvaluateAsync("() => { const frame = document.querySelector('#t').shadowRoot.querySelector('iframe').contentWindow; frame.postMessage({ sandbox: 'keys', text: 'late' }, '*'); }");
        await page.Page.Locator("#t").Locator("iframe").ClickAsync();
        await page.Page.Keyboard.PressAsync("Control+c");
        await page.Page.Keyboard.TypeAsync("ls /root/hit; echo done-$((6*7))\n");
        await page.SeesAsync(page.Frames.Count - 1, "done-42");
        var screen = await page.ScreenAsync(page.Frames.Count - 1);
        Assert.Contains("No such file", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("zzz", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("late", screen, StringComparison.Ordinal);
        Assert.Equal("live", await page.Page.Locator("#t").GetAttributeAsync("data-state"));
        Assert.Null(await page.Page.EvaluateAsync<int?>("() => window.hit ?? null"));
    }

    [Fact]
    public async Task Elements_that_change_move_or_go_leave_nothing_behind()
    {
        await using var page = await OpenAsync("change.html", "<div id=one><sandbox-terminal id=t image=busybox></sandbox-terminal></div><div id=two></div>", isBlocked: true);
        await page.Of("#t").GetByRole(AriaRole.Button).ClickAsync();
        await page.StateAsync("#t", "live");
        await page.Page.EvaluateAsync("() => document.querySelector('#two').append(document.querySelector('#t'))");
        await page.StateAsync("#t", "live");
        await Assertions.Expect(page.Page.FrameLocator("sandbox-terminal iframe").Locator("#workspace[data-state='running']")).ToBeVisibleAsync();

        await page.Page.EvaluateAsync("() => document.querySelector('#t').setAttribute('image', 'debian')");
        await Assertions.Expect(page.Of("#t").GetByText("A debian terminal")).ToBeVisibleAsync();
        await Eventually.TrueAsync(() => Task.FromResult(page.Frames.Count == 0), "the frame to go");
        await page.Page.EvaluateAsync("() => document.querySelector('#t').setAttribute('height', '100')");
        Assert.Equal(100, await page.Page.Locator("#t").EvaluateAsync<int>("element => element.offsetHeight"));

        var launched = await page.Page.RunAndWaitForResponseAsync(
            () => page.Of("#t").GetByRole(AriaRole.Button).ClickAsync(),
            response => response.Request.Method == "POST" && response.Url.EndsWith("/api/v1/playgrounds", StringComparison.Ordinal));
        await page.StateAsync("#t", "live");
        var id = (await launched.JsonAsync())!.Value.GetProperty("id").GetString();
        await page.Page.EvaluateAsync("() => document.querySelector('#t').remove()");
        await Eventually.TrueAsync(() => Task.FromResult(page.Frames.Count == 0), "the frame to go");

        // Its token is gone with it, so nobody could come back.
        using var client = instance.NewClient();
        client.DefaultRequestHeaders.Add("Authorization", await launched.Request.HeaderValueAsync("authorization"));
        await Eventually.TrueAsync(async () => (string)(await client.GetFromJsonNodeAsync($"/api/v1/playgrounds/{id}"))["state"]! == "ended", "the playground to end");
    }

    [Fact]
    public async Task Twenty_on_a_page_load_nothing_until_one_is_used()
    {
        await using var page = await OpenAsync("twenty.html", string.Concat(Enumerable.Range(1, 20).Select(number => $"<sandbox-terminal id=t{number} image=busybox></sandbox-terminal>")), "default-src 'none'; script-src {0}; style-src 'none'; frame-src {0}");
        Assert.Empty(page.Frames);
        await page.Of("#t20").GetByRole(AriaRole.Button).ClickAsync();
        await page.StateAsync("#t20", "live");
        Assert.Single(page.Frames);
    }

    [Fact]
    public async Task On_a_phone_one_is_live_and_the_others_pause_with_a_word()
    {
        await using var page = await OpenAsync("phone.html", "<sandbox-terminal id=a image=busybox></sandbox-terminal><sandbox-terminal id=b image=busybox></sandbox-terminal>",
            options: new() { ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true });
        await page.Of("#a").GetByRole(AriaRole.Button).TapAsync();
        await page.StateAsync("#a", "live");
        await page.Of("#b").GetByRole(AriaRole.Button).TapAsync();
        await page.StateAsync("#b", "live");
        await page.StateAsync("#a", "paused");
        await Assertions.Expect(page.Frames[0].GetByText("Another terminal of this page is in use.")).ToBeVisibleAsync();
        await page.Frames[0].GetByRole(AriaRole.Button, new() { Name = "Resume" }).TapAsync();
        await page.StateAsync("#a", "live");
        await page.StateAsync("#b", "paused");
    }

    [Fact]
    public async Task The_script_is_small_and_for_every_page()
    {
        using var client = instance.NewClient();
        client.DefaultRequestHeaders.Add("Origin", "https://docs.example");
        foreach (var path in new[] { "/embed.js", "/dist/terminal-frame.js", "/dist/frame.css" })
        {
            var answer = await client.GetAsync(path);
            Assert.Equal((path, 200, "*", "cross-origin"), (path, (int)answer.StatusCode, answer.Headers.GetValues("Access-Control-Allow-Origin").Single(), answer.Headers.GetValues("Cross-Origin-Resource-Policy").Single()));
        }

        using var compressed = new MemoryStream();
        await using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            await gzip.WriteAsync(await client.GetByteArrayAsync("/embed.js"));
        }

        Assert.InRange(compressed.Length, 1000, 15_000);
        Assert.False((await client.GetAsync("/api/v1/images")).Headers.Contains("Access-Control-Allow-Origin"));
    }

    private async Task<string> LinkAsync(object link)
    {
        using var client = instance.NewClient();
        var answer = await client.PostAsJsonAsync("/api/v1/links", link);
        Assert.Equal(201, (int)answer.StatusCode);
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["hash"]!;
    }

    private string Html(string body) =>
        $"<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Elsewhere</title><script type=module src='{instance.Url}embed.js'></script>{body}";

    private async Task<ForeignVisit> OpenAsync(string name, string body, string? policy = null, Action<ForeignPages>? before = null, BrowserNewContextOptions? options = null, bool isBlocked = false)
    {
        before?.Invoke(chromium.Pages);
        var address = chromium.Pages.Add(name, Html(body), policy?.Replace("{0}", instance.Url.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal));
        return await ForeignVisit.OpenAsync(await (isBlocked ? chromium.WholeAsync(BlockThirdParties) : chromium.AnotherAsync()), address, options);
    }
}
