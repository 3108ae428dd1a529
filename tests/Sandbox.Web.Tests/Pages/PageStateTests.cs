using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Sandbox.Web.Catalog;
using Sandbox.Web.Components.Parts;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;
using Xunit;

namespace Sandbox.Web.Tests.Pages;

public sealed class PageStateTests
{
    private static readonly CatalogImage Python = new(
        "python", "Python 3", "A REPL.", CatalogState.Ready, 100, null, null,
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 178_400_000, "python3", true, false, "recipe python", [], "egress", [], null, null);

    [Fact]
    public async Task A_ready_image_is_a_link_that_launches_and_names_its_digest()
    {
        var html = await CardAsync(Python);

        Assert.Contains("href=\"/p/new?image=python\"", html, StringComparison.Ordinal);
        Assert.Contains("178 MB", html, StringComparison.Ordinal);
        Assert.Contains($"data-copy=\"{Python.Digest}\"", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/usr/local/bin/docker-entrypoint.sh postgres", "postgres")]
    [InlineData("docker-php-entrypoint php -a", "php")]
    [InlineData("/bin/sh", "sh")]
    [InlineData("tini -- nginx -g daemon off;", "nginx")]
    [InlineData("/docker-entrypoint.sh", "its own program")]
    [InlineData("", "")]
    public void The_program_of_a_command_is_named_without_its_path_and_wrappers(string command, string name) => Assert.Equal(name, Shown.Program(command));

    [Fact]
    public async Task An_image_being_made_shows_how_far_it_is_and_can_be_asked_for()
    {
        var html = await CardAsync(Python with { State = CatalogState.Making, Percent = 40, Step = "installing python3", Digest = null });

        Assert.Contains("value=\"40\"", html, StringComparison.Ordinal);
        Assert.Contains("installing python3", html, StringComparison.Ordinal);
        Assert.Contains("class=\"launch\"", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_image_says_why_and_cannot_be_launched()
    {
        var html = await CardAsync(Python with { State = CatalogState.Failed, Error = "The registry <b>refused</b>." });

        Assert.Contains("The registry &lt;b&gt;refused&lt;/b&gt;.", html, StringComparison.Ordinal);
        Assert.DoesNotContain("class=\"launch\"", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("removed", null, "You ended it.")]
    [InlineData("expired", null, "Its time was up.")]
    [InlineData("idle", null, "It was idle for too long.")]
    [InlineData("host_restarted", null, "The host was restarted.")]
    [InlineData("operator", "Maintenance at noon", "Maintenance at noon")]
    public async Task An_ended_playground_says_why(string reason, string? message, string shown)
    {
        var html = await RowAsync(Playground("ended", new LeaseView(DateTimeOffset.UnixEpoch, "ended", reason, message, false), null));

        Assert.Contains($"<p class=\"reason\">{shown}</p>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("data-act=", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_launch_says_what_failed()
    {
        var ended = new LeaseView(DateTimeOffset.UnixEpoch, "ended", "launch_failed", null, false);

        var html = await RowAsync(Playground("ended", ended, new PlaygroundError("setup_failed", "apt-get ended with 100.")));

        Assert.Contains("apt-get ended with 100.", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_playground_that_cannot_be_extended_offers_no_extension()
    {
        var lease = new LeaseView(DateTimeOffset.UnixEpoch, "warning", null, null, CanExtend: false);

        Assert.DoesNotContain("data-act=\"extend\"", await RowAsync(Playground("running", lease, null)), StringComparison.Ordinal);
        Assert.Contains("data-act=\"extend\"", await RowAsync(Playground("running", lease with { CanExtend = true }, null)), StringComparison.Ordinal);
    }

    private static PlaygroundView Playground(string state, LeaseView lease, PlaygroundError? error) => new(
        "abcdefghijklmnop", state, null, error, "python", DateTimeOffset.UnixEpoch, [], lease, new PlaygroundUrls("/p/abcdefghijklmnop", "/api/v1/playgrounds/abcdefghijklmnop"));

    private static Task<string> CardAsync(CatalogImage image) =>
        RenderAsync<ImageCard>(new Dictionary<string, object?>(StringComparer.Ordinal) { ["Image"] = image });

    private static Task<string> RowAsync(PlaygroundView playground) =>
        RenderAsync<PlaygroundEntry>(new Dictionary<string, object?>(StringComparer.Ordinal) { ["Playground"] = playground, ["Title"] = "Python 3" });

    private static async Task<string> RenderAsync<TComponent>(Dictionary<string, object?> parameters)
        where TComponent : IComponent
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        await using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        return await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<TComponent>(ParameterView.FromDictionary(parameters))).ToHtmlString());
    }
}
