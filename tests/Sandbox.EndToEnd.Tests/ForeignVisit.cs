using System.Collections.Concurrent;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A visitor of another site's page with our elements on it, in a browser of their own.</summary>
internal sealed class ForeignVisit : IAsyncDisposable
{
    private const string Buffer =
        """
        () => {
          const buffer = document.querySelector('#frame-terminal .ws-xterm')?.terminal?.buffer.active;
          return buffer ? Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row).translateToString(true)).join('\n').trimEnd() : '';
        }
        """;

    private readonly IBrowser _browser;
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly ConcurrentQueue<Uri> _requests = new();

    private ForeignVisit(IBrowser browser, IPage page)
    {
        _browser = browser;
        Page = page;
        page.PageError += (_, error) => _errors.Enqueue(error);
        page.Request += (_, request) => _requests.Enqueue(new Uri(request.Url));
    }

    public IPage Page { get; }

    public IEnumerable<Uri> Requests => _requests;

    /// <summary>Our frames that show or run something, in the order in which they were made. Of a copy: frames come and go meanwhile.</summary>
    public IReadOnlyList<IFrame> Frames => [.. Page.Frames.ToArray().Where(frame => new Uri(frame.Url is "" ? "about:blank" : frame.Url).AbsolutePath.StartsWith("/embed/", StringComparison.Ordinal))];

    public static async Task<ForeignVisit> OpenAsync(IBrowser browser, string address, BrowserNewContextOptions? options)
    {
        var context = await browser.NewContextAsync(options ?? new() { ViewportSize = new() { Width = 1000, Height = 900 } });
        context.SetDefaultTimeout((float)Eventually.Patience.TotalMilliseconds);
        var visit = new ForeignVisit(browser, await context.NewPageAsync());
        await visit.Page.GotoAsync(address, new() { WaitUntil = WaitUntilState.Load });
        return visit;
    }

    /// <summary>An element; locators look into it.</summary>
    public ILocator Of(string selector) => Page.Locator(selector);

    /// <summary>Waits until an element says this state.</summary>
    public Task StateAsync(string selector, string state) => Assertions.Expect(Of(selector)).ToHaveAttributeAsync("data-state", state);

    public Task<string> ScreenAsync(int frame) => Frames[frame].EvaluateAsync<string>(Buffer);

    /// <summary>Waits for a whole line in the terminal of a frame.</summary>
    public async Task SeesAsync(int frame, string line)
    {
        var screen = "";
        try
        {
            await Eventually.TrueAsync(async () => (screen = await ScreenAsync(frame)).Split('\n').Contains(line, StringComparer.Ordinal), $"the line '{line}'");
        }
        catch (Xunit.Sdk.XunitException)
        {
            Assert.Fail($"Waited in vain for the line '{line}' on this screen:\n{screen}");
        }
    }

    /// <summary>Runs a block of code and waits for how it ended.</summary>
    public async Task RunAsync(string selector, string words)
    {
        await Of(selector).GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();
        await Assertions.Expect(Of(selector).Locator(".bar")).ToContainTextAsync(words);
    }

    /// <summary>Ends what runs in the page, as its reader would by leaving it.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var frame in Page.Frames.ToArray())
        {
            if (!frame.Url.Contains("/embed/", StringComparison.Ordinal))
            {
                await frame.EvaluateAsync("() => document.querySelectorAll('sandbox-terminal, sandbox-run, sandbox-tutorial').forEach(element => element.remove())");
            }
        }

        await Eventually.TrueAsync(() => Task.FromResult(Frames.Count == 0), () => "the frames to go: " + string.Join(", ", Frames.Select(frame => frame.Url)));
        await _browser.CloseAsync();
        Assert.Empty(_errors);
    }
}
