using Microsoft.Playwright;
using Xunit;

[assembly: AssemblyFixture(typeof(Sandbox.EndToEnd.Tests.Chromium))]

namespace Sandbox.EndToEnd.Tests;

/// <summary>
/// The distribution's Chromium in a network of its own, one for all tests; every visitor is a browser context of its own.
/// The headless shell takes a third of the processor time of the whole browser for each of them.
/// </summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Flags =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private readonly string _directory = Directory.CreateTempSubdirectory("sandbox-chromium-").FullName;
    private BrowserNetwork? _network;
    private IPlaywright? _playwright;

    public IBrowser Browser { get; private set; } = null!;

    /// <summary>Pages of another site, for all browsers of these tests.</summary>
    internal ForeignPages Pages => _network!.Pages;

    private string Starter => Path.Combine(_directory, "chromium");

    private string WholeStarter => Path.Combine(_directory, "chromium-whole");

    public async ValueTask InitializeAsync()
    {
        Assertions.SetDefaultExpectTimeout((float)Eventually.Patience.TotalMilliseconds);
        _network = BrowserNetwork.Make(Contract.Instance.Url.Port);
        _network.WriteStarter(Starter, "/usr/bin/chromium-headless-shell");
        _network.WriteStarter(WholeStarter, "/usr/bin/chromium");
        _playwright = await Playwright.CreateAsync();
        Browser = await LaunchAsync(Flags);
    }

    /// <summary>Starts another one with more flags. The caller closes it.</summary>
    public Task<IBrowser> AnotherAsync(params string[] flags) => LaunchAsync([.. Flags, .. flags]);

    /// <summary>Starts the whole browser, which has settings that the headless shell lacks. The caller closes it.</summary>
    public Task<IBrowser> WholeAsync(params string[] flags) =>
        _playwright!.Chromium.LaunchAsync(new() { ExecutablePath = WholeStarter, Headless = true, Args = [.. Flags, .. flags] });

    public async ValueTask DisposeAsync()
    {
        if (_playwright is not null)
        {
            await Browser.CloseAsync();
            _playwright.Dispose();
        }

        if (_network is not null)
        {
            await _network.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private Task<IBrowser> LaunchAsync(string[] flags) =>
        _playwright!.Chromium.LaunchAsync(new() { ExecutablePath = Starter, Headless = true, Args = flags });
}
