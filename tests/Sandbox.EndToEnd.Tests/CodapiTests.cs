using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A page that was written for codapi, with codapi's own script, and this server in its settings.</summary>
public sealed class CodapiTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task An_unchanged_codapi_page_works_on_another_site()
    {
        foreach (var file in new[] { "snippet.js", "settings.js", "snippet.css" })
        {
            chromium.Pages.Add(file, file.EndsWith(".css", StringComparison.Ordinal) ? "text/css" : "text/javascript", await File.ReadAllBytesAsync(Path.Combine(Package(), "dist", file), TestContext.Current.CancellationToken));
        }

        var address = chromium.Pages.Add("codapi.html", $$"""
            <!doctype html><meta charset=utf-8><link rel=stylesheet href=snippet.css>
            <script>
              // Codapi's script gives up after ten seconds, and a busy host may take longer.
              const later = setTimeout;
              window.setTimeout = (work, after, ...more) => later(work, after === 10_000 ? 60_000 : after, ...more);
            </script>
            <pre><code>def greet(name):
              print(f"Hello, {name}!")

            greet("World")</code></pre>
            <codapi-snippet id=python sandbox=python editor=basic></codapi-snippet>
            <pre><code>console.log("answer", 6 * 7)</code></pre>
            <codapi-snippet id=node sandbox=javascript></codapi-snippet>
            <pre><code>echo wrong >&2; exit 1</code></pre>
            <codapi-snippet id=sh sandbox=sh></codapi-snippet>
            <pre><code>x</code></pre>
            <codapi-snippet id=none sandbox=cobol></codapi-snippet>
            <script src=settings.js></script>
            <codapi-settings url="{{instance.Url}}v1"></codapi-settings>
            <script src=snippet.js></script>
            """);
        await UntilReadyAsync("python", "node", "busybox");
        await using var visit = await ForeignVisit.OpenAsync(await chromium.AnotherAsync(), address, null);
        foreach (var (id, output) in new[] { ("python", "Hello, World!"), ("node", "answer 42"), ("sh", "wrong"), ("none", "404 - ") })
        {
            await visit.Of($"#{id}").GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();
            await Assertions.Expect(visit.Of($"#{id} codapi-output")).ToContainTextAsync(output);
        }
    }

    /// <summary>Not in the browser: a busy host takes long to make a database.</summary>
    [Fact]
    public async Task A_database_takes_none_of_the_codes_time_to_start()
    {
        await UntilReadyAsync("postgres");
        using var client = instance.NewClient();
        var answer = await client.PostAsJsonAsync("/v1/exec", new { sandbox = "postgres", files = new Dictionary<string, string>(StringComparer.Ordinal) { [""] = "select 6 * 7 as answer;\nselect nothing;" } });
        Assert.Equal(200, (int)answer.StatusCode);
        var result = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.False((bool)result["ok"]!);
        Assert.Contains(" 42", (string)result["stdout"]!, StringComparison.Ordinal);
        Assert.Contains("column \"nothing\" does not exist", (string)result["stderr"]!, StringComparison.Ordinal);
    }

    /// <summary>Some images are the last of a fresh instance, and code waits for none.</summary>
    private static async Task UntilReadyAsync(params string[] names)
    {
        await using var caller = new Contract.Caller();
        await Contract.Instance.UntilAsync(
            async () => (await caller.GetAsync("/api/v1/images")).Json.AsArray().Count(image => names.Contains((string)image!["name"]!, StringComparer.Ordinal) && (string?)image["state"] == "ready") == names.Length, 300);
    }

    /// <summary>The package is among those of the browser's sources, for this test alone.</summary>
    private static string Package()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Sandbox.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("Run the tests from within the source tree.");
        }

        return Path.Combine(directory.FullName, "src", "Sandbox.Web", "Browser", "node_modules", "@antonz", "codapi");
    }
}
