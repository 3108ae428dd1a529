using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A visitor with a browser: cookies of their own, and one page. Disposing it ends their playgrounds.</summary>
public sealed partial class Visitor : IAsyncDisposable
{
    private const string Buffer =
        """
        () => {
          const shown = document.querySelector('.ws-pane.focused .ws-terminal:not([hidden])');
          const buffer = shown?.querySelector('.ws-xterm').terminal?.buffer.active;
          if (!buffer) { return ''; }
          let text = '';
          for (let row = 0; row < buffer.length; row++) {
            const line = buffer.getLine(row);
            text += (row > 0 && !line.isWrapped ? '\n' : '') + line.translateToString(!buffer.getLine(row + 1)?.isWrapped);
          }
          return text.trimEnd();
        }
        """;

    private static readonly TimeSpan InstallingMayTake = TimeSpan.FromMinutes(8);

    private const string Shown = "document.querySelector('.ws-pane.focused .ws-terminal:not([hidden]) .ws-xterm').terminal";

    private readonly List<string> _errors = [];
    private readonly ConcurrentQueue<string> _events = new();
    private string? _sandbox;
    private int _sizes;

    private Visitor(Instance instance, IBrowserContext context, IPage page)
    {
        Instance = instance;
        Context = context;
        Page = page;
        page.PageError += (_, error) => _errors.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _events.Enqueue(message.Text);
            }

            // A connection that breaks is logged by the browser itself, and some tests break it.
            if (message.Type == "error" && message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            {
                _errors.Add(message.Text);
            }
        };
        page.RequestFailed += (_, request) => _events.Enqueue($"{request.Method} {request.Url}: {request.Failure}");
        page.WebSocket += (_, socket) =>
        {
            _events.Enqueue($"socket {socket.Url.Split('?')[0]}");
            socket.SocketError += (_, error) => _events.Enqueue("socket: " + error);
            socket.Close += (_, _) => _events.Enqueue("socket closed");
        };
    }

    public Instance Instance { get; }

    public IBrowserContext Context { get; }

    public IPage Page { get; }

    /// <summary>The id in the address of the workspace.</summary>
    public string Playground => WorkspaceAddress().Match(Page.Url).Groups["id"].Value;

    public ILocator State => Page.Locator("#workspace");

    public ILocator Panel => Page.Locator("#ws-panel");

    public static Task<Visitor> ArriveAsync(Instance instance, Chromium chromium, BrowserNewContextOptions? options = null) =>
        ArriveAsync(instance, chromium.Browser, options);

    public static async Task<Visitor> ArriveAsync(Instance instance, IBrowser browser, BrowserNewContextOptions? options = null)
    {
        options ??= new() { ViewportSize = new() { Width = 1280, Height = 800 } };
        options.BaseURL = instance.Url.ToString();
        var context = await browser.NewContextAsync(options);
        context.SetDefaultTimeout((float)Eventually.Patience.TotalMilliseconds);
        return new Visitor(instance, context, await context.NewPageAsync());
    }

    /// <summary>Installs packages of Debian in the terminal.</summary>
    public async Task InstallAsync(string packages)
    {
        await TypeAsync($"apt-get -q update && apt-get -q -y --no-install-recommends install {packages} > /tmp/apt 2>&1; clear; echo installed-$?");
        await Eventually.TrueAsync(async () => (await ScreenAsync()).Split('\n').Any(line => line.StartsWith("installed-", StringComparison.Ordinal)), "the packages", InstallingMayTake);
        await SeesLineAsync("installed-0");
    }

    public async ValueTask DisposeAsync()
    {
        // The page's own way, with the visitor's cookie.
        var request = Context.APIRequest;
        var answer = await request.GetAsync("/api/v1/playgrounds");
        foreach (var playground in (await answer.JsonAsync())!.Value.EnumerateArray())
        {
            if (playground.GetProperty("state").GetString() != "ended")
            {
                await request.DeleteAsync($"/api/v1/playgrounds/{playground.GetProperty("id").GetString()}");
            }
        }

        await Context.DisposeAsync();
        Assert.Empty(_errors);
    }

    /// <summary>From the catalog, by a click on the card, until a shell is there.</summary>
    public async Task LaunchAsync(string image)
    {
        await Page.GotoAsync("/");
        await Page.Locator($".card[data-image='{image}'] a.launch").ClickAsync();

        // Not WaitForURLAsync: it waits for a load event, and misses one that comes while it looks at the address.
        await Eventually.TrueAsync(() => Task.FromResult(WorkspaceAddress().IsMatch(Page.Url)), "the workspace's address");
        await ShellAsync();
    }

    /// <summary>Waits until the shown terminal is live and shows a prompt.</summary>
    public async Task ShellAsync()
    {
        await Page.Locator(".ws-pane.focused .ws-tab.active[data-state='live']").WaitForAsync();
        await Assertions.Expect(Panel).ToBeHiddenAsync();
        await SeesAsync(text => text.Length > 0, "a prompt");
    }

    /// <summary>The content of the page and its events, for the message of a failed test.</summary>
    public async Task<string> ConditionAsync() =>
        await Page.EvaluateAsync<string>(
            """
            () => JSON.stringify(document.querySelector('#workspace')?.dataset ?? {}) + ` ${document.readyState} ${document.visibilityState} after ${Math.round(performance.now())} ms\n`
              + document.body.innerText + '\n'
              + performance.getEntriesByType('resource').map(entry => `${entry.name} ${Math.round(entry.startTime)} to ${Math.round(entry.responseEnd)}`).join('\n')
            """)
        + "\n" + string.Join('\n', _events);

    /// <summary>The text of the shown terminal with its scrollback; wrapped lines are joined.</summary>
    public Task<string> ScreenAsync() => Page.EvaluateAsync<string>(Buffer);

    public async Task SeesAsync(Func<string, bool> wanted, string what)
    {
        var text = "";
        try
        {
            await Eventually.TrueAsync(async () => wanted(text = await ScreenAsync()), what);
        }
        catch (Xunit.Sdk.XunitException)
        {
            Assert.Fail($"Waited in vain for {what}. The end of the screen:\n{text[Math.Max(0, text.Length - 1500)..]}");
        }
    }

    /// <summary>Waits for a whole line that matches.</summary>
    public Task SeesLineAsync(string line) => SeesAsync(text => text.Split('\n').Contains(line, StringComparer.Ordinal), $"the line '{line}'");

    /// <summary>Types a line as keys and presses Enter.</summary>
    public async Task TypeAsync(string line)
    {
        await Page.Keyboard.TypeAsync(line);
        await Page.Keyboard.PressAsync("Enter");
    }

    /// <summary>
    /// Interrupts noise and resets the terminal, as people do. Repeats it while the page still reads noise, because its
    /// answers to that come between the keys.
    /// </summary>
    public Task SetRightAsync() => Eventually.TrueAsync(
        async () =>
        {
            await Page.Keyboard.PressAsync("Control+c");
            await TypeAsync("stty sane; printf '\\033c'");
            await TypeAsync("echo right-$((6*7))");
            await Task.Delay(1000);
            return (await ScreenAsync()).Split('\n').Any(line => line.TrimEnd() == "right-42");
        },
        "a terminal that is usable",
        TimeSpan.FromMinutes(1));

    /// <summary>Pastes as the browser does: the page gets an event with the content of the clipboard.</summary>
    public Task PasteAsync(string text) => Page.EvaluateAsync(
        """
        text => {
          const held = new DataTransfer();
          held.setData('text/plain', text);
          document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: held, bubbles: true, cancelable: true }));
        }
        """,
        text);

    /// <summary>Makes the window as large as it has to be for the shown terminal, the sandbox's first, to have this size.</summary>
    public async Task ResizeAsync(int cols, int rows)
    {
        await ResizePageAsync(cols, rows);
        await SizedAsync();
    }

    /// <summary>
    /// Waits until the program in the sandbox's first terminal has the size of the shown one. Some programs lose a key that
    /// comes together with a new size.
    /// </summary>
    public async Task SizedAsync()
    {
        var (wanted, found) = ("", "");
        await Eventually.TrueAsync(
            async () =>
            {
                wanted = await Page.EvaluateAsync<string>($"() => {Shown}.rows + ' ' + {Shown}.cols");
                found = (await ExecAsync("stty size < /dev/pts/0")).Trim();
                return found == wanted;
            },
            () => $"the program to have the size {wanted} instead of {found}");
    }

    private async Task ResizePageAsync(int cols, int rows)
    {
        var (before, since) = (Array.Empty<double>(), Stopwatch.StartNew());
        await Eventually.TrueAsync(IsSoAsync, $"a terminal of {cols} by {rows}");

        async Task<bool> IsSoAsync()
        {
            var now = await Page.EvaluateAsync<double[]>(
                $$"""
                () => {
                  const letters = {{Shown}}.element.querySelector('.xterm-screen').getBoundingClientRect();
                  return [{{Shown}}.cols, {{Shown}}.rows, letters.width, letters.height];
                }
                """);
            var (wider, higher) = (cols - now[0], rows - now[1]);
            if (wider == 0 && higher == 0)
            {
                return true;
            }

            // The terminal follows the window when the page is drawn: by then the same step would be one too many.
            if (now.SequenceEqual(before) && since.Elapsed < TimeSpan.FromSeconds(1))
            {
                return false;
            }

            (before, since) = (now, Stopwatch.StartNew());
            var window = Page.ViewportSize!;
            await Page.SetViewportSizeAsync(
                window.Width + (int)Math.Ceiling(wider * now[2] / now[0]),
                window.Height + (int)Math.Ceiling(higher * now[3] / now[1]));
            return false;
        }
    }

    /// <summary>The rows in view without the empty ones at the end, and the cursor's row and column from 1 on.</summary>
    public async Task<(string Rows, string Cursor)> ViewAsync()
    {
        var seen = await Page.EvaluateAsync<string[]>(
            $$"""
            () => {
              const buffer = {{Shown}}.buffer.active;
              const rows = Array.from({ length: {{Shown}}.rows }, (_, row) => buffer.getLine(buffer.baseY + row)?.translateToString(true).trimEnd() ?? '');
              return [rows.join('\n').trimEnd(), (buffer.cursorY + 1) + ';' + (buffer.cursorX + 1)];
            }
            """);
        return (seen[0], seen[1]);
    }

    /// <summary>Waits for the rows in view.</summary>
    public async Task ViewsAsync(Func<string, bool> wanted, string what)
    {
        var rows = "";
        try
        {
            await Eventually.TrueAsync(async () => wanted(rows = (await ViewAsync()).Rows), what);
        }
        catch (Xunit.Sdk.XunitException)
        {
            Assert.Fail($"Waited in vain for {what}. In view is:\n{rows}");
        }
    }

    /// <summary>The address of a file of the sandbox.</summary>
    public async Task<string> FileAsync(string path)
    {
        _sandbox ??= (await (await Context.APIRequest.GetAsync($"/api/v1/playgrounds/{Playground}")).JsonAsync())!.Value.GetProperty("sandboxes")[0].GetProperty("id").GetString();
        return $"/api/v1/sandboxes/{_sandbox}/files/{path}";
    }

    /// <summary>Puts a file into the sandbox.</summary>
    public async Task PutAsync(string path, byte[] content)
    {
        var answer = await Context.APIRequest.PutAsync(await FileAsync(path), new() { DataByte = content, Headers = new Dictionary<string, string> { ["content-type"] = "application/octet-stream" } });
        Assert.True(answer.Ok, await answer.TextAsync());
    }

    /// <summary>Runs a command beside the terminal.</summary>
    public async Task<string> ExecAsync(string command)
    {
        var playground = (await (await Context.APIRequest.GetAsync($"/api/v1/playgrounds/{Playground}")).JsonAsync())!.Value;
        var sandbox = playground.GetProperty("sandboxes")[0].GetProperty("id").GetString();
        var answer = await Context.APIRequest.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new() { DataObject = new { command = new[] { "sh", "-c", command } } });
        Assert.True(answer.Ok, await answer.TextAsync());
        return (await answer.JsonAsync())!.Value.GetProperty("stdout").GetString()!;
    }

    /// <summary>One of the items of the menu behind the dots.</summary>
    public async Task ChooseAsync(string action)
    {
        await Page.Locator("#ws-actions").ClickAsync();
        await Page.Locator($"#ws-actions-menu [data-act='{action}']").ClickAsync();
    }

    /// <summary>Goes to an element by Tab alone, as without a mouse. A terminal with the focus would receive every Tab.</summary>
    public Task TabsToAsync(ILocator element) => Eventually.TrueAsync(
        async () =>
        {
            await Page.Keyboard.PressAsync("Tab");
            return await element.EvaluateAsync<bool>("element => element === document.activeElement");
        },
        "the focus on what the panel offers");

    /// <summary>Stops the playground, and confirms it.</summary>
    public Task StopAsync() => ChooseAsync("stop", "Stop it");

    public Task RestartAsync() => ChooseAsync("restart", "Restart it");

    public Task EndAsync() => ChooseAsync("remove", "End it");

    private async Task ChooseAsync(string action, string answer)
    {
        await ChooseAsync(action);
        await Page.GetByRole(AriaRole.Button, new() { Name = answer, Exact = true }).ClickAsync();
    }

    /// <summary>Where the third letter of some words is on the page.</summary>
    public async Task<(float X, float Y)> CellAsync(string words)
    {
        var point = await Page.EvaluateAsync<float[]>(
            """
            words => {
              const host = document.querySelector('.ws-pane.focused .ws-terminal:not([hidden]) .ws-xterm');
              const { terminal } = host;
              const box = host.querySelector('.xterm-screen').getBoundingClientRect();
              for (let row = 0; row < terminal.rows; row++) {
                const line = terminal.buffer.active.getLine(terminal.buffer.active.viewportY + row)?.translateToString(true) ?? '';
                if (line === words) {
                  return [box.left + 2.5 * box.width / terminal.cols, box.top + (row + .5) * box.height / terminal.rows];
                }
              }
              return [];
            }
            """,
            words);
        Assert.True(point.Length == 2, $"'{words}' is no line of the screen");
        return (point[0], point[1]);
    }

    /// <summary>The size of the shown terminal, once its program has the same size.</summary>
    public async Task<(int Cols, int Rows)> AgreedSizeAsync()
    {
        var size = (Cols: 0, Rows: 0);
        await Eventually.TrueAsync(
            async () =>
            {
                // An answer to an earlier question may still be in view.
                var question = $"size-{++_sizes}";
                var answer = "";
                await TypeAsync($"clear; echo {question} $(stty size)");
                await SeesAsync(text => (answer = text.Split('\n').FirstOrDefault(line => SizeAnswer().Match(line) is { Success: true } match && match.Groups["question"].Value == question) ?? "").Length > 0, "the answer of stty");
                var now = await Page.EvaluateAsync<int[]>("() => { const { cols, rows } = document.querySelector('.ws-pane.focused .ws-terminal:not([hidden]) .ws-xterm').terminal; return [cols, rows]; }");
                size = (now[0], now[1]);
                return answer == $"{question} {size.Rows} {size.Cols}";
            },
            "the program to know the size of its terminal");
        return size;
    }

    public Task StateIsAsync(string state) => Assertions.Expect(State).ToHaveAttributeAsync("data-state", state, new() { Timeout = (float)Eventually.Patience.TotalMilliseconds });

    [GeneratedRegex(@"^(?<question>size-\d+) \d+ \d+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SizeAnswer();

    [GeneratedRegex("/p/(?<id>[a-z0-9]{16})$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex WorkspaceAddress();
}
