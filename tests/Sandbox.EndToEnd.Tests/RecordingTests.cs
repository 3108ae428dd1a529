using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Record in the workspace, play on the recording's page.</summary>
public sealed partial class RecordingTests(Instance instance, Chromium chromium)
{
    private const string Played = "() => document.querySelector('#rec-player .ap-term-text')?.textContent ?? ''";

    [Fact]
    public async Task A_visitor_records_a_terminal_plays_it_seeks_renames_and_deletes_it()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.ChooseAsync("record");
        await Assertions.Expect(visitor.Page.Locator(".rec-pill")).ToBeVisibleAsync();
        await Assertions.Expect(visitor.Page.Locator(".ws-tab .rec-dot")).ToHaveCountAsync(1);

        // A page that loads later shows it too.
        await visitor.Page.ReloadAsync();
        await visitor.ShellAsync();
        await Assertions.Expect(visitor.Page.Locator(".rec-pill")).ToBeVisibleAsync();
        await visitor.TypeAsync("echo fir''st; sleep 3; echo seco''nd");
        await visitor.SeesLineAsync("second");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Recording: stop it" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Stop recording", Exact = true }).ClickAsync();
        await visitor.Page.Locator("#toasts a").ClickAsync();
        await Eventually.TrueAsync(() => Task.FromResult(Address().IsMatch(visitor.Page.Url)), "the recording's address");
        var id = Address().Match(visitor.Page.Url).Groups["id"].Value;

        await visitor.Page.Locator("#rec-player .ap-term").WaitForAsync();
        await visitor.Page.Locator("#rec-speed").SelectOptionAsync("5");
        await visitor.Page.EvaluateAsync("() => document.querySelector('#rec-player').player.play()");
        await Eventually.TrueAsync(async () => (await visitor.Page.EvaluateAsync<string>(Played)).Contains("second", StringComparison.Ordinal), "the end of the recording");

        // Paused, or it would go on from there.
        await visitor.Page.EvaluateAsync("async () => { const { player } = document.querySelector('#rec-player'); await player.pause(); await player.seek(0); }");
        await Eventually.TrueAsync(async () => !(await visitor.Page.EvaluateAsync<string>(Played)).Contains("first", StringComparison.Ordinal), "the beginning of the recording");

        await visitor.Page.RouteAsync("**/cast", route => route.AbortAsync("internetdisconnected"));
        await visitor.Page.ReloadAsync();
        await Assertions.Expect(visitor.Page.Locator("#rec-player")).ToHaveTextAsync("The recording could not be loaded. Reload the page.");
        await visitor.Page.UnrouteAsync("**/cast");

        // As downloaded, so over REST.
        var download = await visitor.Page.RunAndWaitForDownloadAsync(() => visitor.Page.Locator("#recording-head a").First.ClickAsync());
        Assert.EndsWith(".cast", download.SuggestedFilename, StringComparison.Ordinal);
        var answer = await visitor.Context.APIRequest.GetAsync($"/api/v1/recordings/{id}/cast");
        Assert.Equal(await answer.BodyAsync(), await File.ReadAllBytesAsync((await download.PathAsync())!, TestContext.Current.CancellationToken));

        await visitor.Page.Locator("[data-act='rename']").ClickAsync();
        await visitor.Page.Locator("#rename-name").FillAsync("My first steps");
        await visitor.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("My first steps");
        await visitor.Page.GotoAsync("/recordings");
        await Assertions.Expect(visitor.Page.Locator(".row h3 a")).ToHaveTextAsync("My first steps");
        await visitor.Page.Locator("[data-act='delete']").ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Delete it" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".empty h2")).ToHaveTextAsync("You have no recordings yet");
        Assert.Equal(404, (await visitor.Page.GotoAsync($"/recordings/{id}"))!.Status);
    }

    [GeneratedRegex("/recordings/(?<id>[a-z2-7]{16})$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Address();
}
