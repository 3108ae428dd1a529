using Microsoft.Playwright;
using Xunit;

[assembly: AssemblyFixture(typeof(Sandbox.EndToEnd.Tests.Chromium))]

namespace Sandbox.EndToEnd.Tests;

/// <summary>The distribution's Chromium, one for all tests; every visitor is a browser context of its own.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Flags =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? _playwright;

    public IBrowser Browser { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Assertions.SetDefaultExpectTimeout((float)Eventually.Patience.TotalMilliseconds);
        _playwright = await Playwright.CreateAsync();
        Browser = await LaunchAsync(Flags);
    }

    /// <summary>Another one, with what its flags change; whoever asks for it closes it.</summary>
    public Task<IBrowser> AnotherAsync(params string[] flags) => LaunchAsync([.. Flags, .. flags]);

    public async ValueTask DisposeAsync()
    {
        if (_playwright is not null)
        {
            await Browser.CloseAsync();
            _playwright.Dispose();
        }
    }

    private Task<IBrowser> LaunchAsync(string[] flags) =>
        _playwright!.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Headless = true, Args = flags });
}
