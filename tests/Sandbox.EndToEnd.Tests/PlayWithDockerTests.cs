using System.IO.Compression;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>
/// Labs of Play with Docker as their authors wrote them: each block is clicked and ends. The images of Docker Hub that they
/// name are out of reach of these tests, so each machine has a BusyBox under their names before the first click.
/// </summary>
public sealed partial class PlayWithDockerTests(Instance instance, Chromium chromium)
{
    private const string Hub =
        """
        set -e
        docker tag busybox alpine; docker tag busybox ubuntu; mkdir -p /tmp/nginx; cd /tmp/nginx
        printf '%s\n' 'FROM busybox' 'RUN mkdir -p /usr/share/nginx/html && echo "<h1>Welcome to nginx</h1>" | tee /usr/share/nginx/html/index.html > /usr/share/nginx/html/50x.html' 'RUN printf "#!/bin/sh\\nexec sh \\"\\$@\\"\\n" > /bin/bash && chmod +x /bin/bash' 'CMD ["httpd", "-f", "-p", "80", "-h", "/usr/share/nginx/html"]' > Dockerfile
        docker build -q -t nginx . && rm -r /tmp/nginx && echo there
        """;

    [Fact]
    public async Task Lab_of_one_machine_runs_from_its_first_command_to_its_last()
    {
        await using var visitor = await StartAsync("2017-01-25-docker-volumes.markdown");
        var page = visitor.Page;
        var blocks = page.Locator(".block:has(.block-run)");
        await Assertions.Expect(blocks).ToHaveCountAsync(26);

        await RunAsync(page, 0, "● running");
        await IntoTheContainerAsync(page, 1);
        await IntoTheContainerAsync(page, 2);
        await Assertions.Expect(State(page, 0)).ToHaveTextAsync("✓ done");
        foreach (var block in (int[])[3, 4, 5])
        {
            await RunAsync(page, block);
        }

        await visitor.SeesAsync(text => text.Contains("\"LowerDir\":", StringComparison.Ordinal), "the layers of the container, as jq prints them");
        await page.Locator(".ws-xterm:visible").ClickAsync();
        await visitor.PasteAsync("printf 'FROM alpine\\nVOLUME [\"/data\"]\\nENTRYPOINT [\"/bin/sh\"]\\n' > Dockerfile\n");
        await page.Keyboard.PressAsync("Enter");
        await RunAsync(page, 6);
        await RunAsync(page, 7, "● running");
        await IntoTheContainerAsync(page, 8);
        await visitor.SeesLineAsync("hello.txt");
        await page.Locator(".ws-xterm:visible").ClickAsync();
        await page.Keyboard.PressAsync("Control+p");
        await page.Keyboard.PressAsync("Control+q");
        await Assertions.Expect(State(page, 7)).ToHaveTextAsync("✓ done");
        for (var block = 9; block <= 20; block++)
        {
            await RunAsync(page, block);
        }

        await visitor.SeesLineAsync("50x.html  index.html");
        await SeesPageAsync(page, 0, "Welcome to nginx");
        await RunAsync(page, 21);
        await SeesPageAsync(page, 1, "SOMEONE HERE ?");
        await RunAsync(page, 22, "● running");
        await IntoTheContainerAsync(page, 23);
        await page.Locator(".ws-xterm:visible").ClickAsync();
        await visitor.TypeAsync("exit");
        await Assertions.Expect(State(page, 22)).ToHaveTextAsync("✓ done");
        await RunAsync(page, 24, "● running");
        await IntoTheContainerAsync(page, 25);
    }

    [Fact]
    public async Task Lab_of_three_machines_runs_on_three_nodes()
    {
        await using var visitor = await StartAsync("2017-06-26-orchestration-hol.markdown");
        var page = visitor.Page;
        await Assertions.Expect(page.GetByRole(AriaRole.Tab)).ToHaveTextAsync(["node1: shell 1", "node2: shell 2", "node3: shell 3"]);

        await RunAsync(page, 0);
        await RunAsync(page, 1);
        await RunAsync(page, 2);
        await visitor.SeesAsync(text => Join().IsMatch(text), "the line for the other machines");
        var join = Join().Match(await visitor.ScreenAsync()).Value;
        foreach (var machine in (string[])["node2", "node3"])
        {
            await page.GetByRole(AriaRole.Tab, new() { Name = machine + ":" }).ClickAsync();
            await visitor.TypeAsync(join);
            await visitor.SeesAsync(text => text.Contains("This node joined a swarm as a worker.", StringComparison.Ordinal), machine + " in the swarm");
        }

        // Blocks of another machine bring its terminal to the front.
        for (var block = 3; block <= 11; block++)
        {
            await RunAsync(page, block);
        }

        await Assertions.Expect(page.Locator(".block:has(.block-run)").Nth(12).GetByRole(AriaRole.Button, new() { Name = "Run in node2: docker ps" })).ToBeVisibleAsync();
        await RunAsync(page, 12);
        await Assertions.Expect(page.Locator(".ws-pane.focused [role=tab][aria-selected=true]")).ToHaveTextAsync("node2: shell 2");
        await visitor.SeesAsync(text => text.Contains("\"sleep infinity\"", StringComparison.Ordinal), "a task of the service on the second machine");
        await RunAsync(page, 13);
        await page.Locator(".ws-xterm:visible").ClickAsync();
        await visitor.TypeAsync("docker node update --availability drain node2");
        await page.GetByRole(AriaRole.Button, new() { NameRegex = Drained() }).WaitForAsync();
        for (var block = 14; block <= 21; block++)
        {
            await RunAsync(page, block);
        }

        await visitor.SeesAsync(text => text.Contains("Node left the swarm.", StringComparison.Ordinal), "the third machine without a swarm");
    }

    /// <summary>Publishes a lab, and starts it from its page.</summary>
    private async Task<Visitor> StartAsync(string lab)
    {
        var visitor = await Visitor.ArriveAsync(instance, chromium);
        await Contract.Instance.UntilAsync(
            async () => (await (await visitor.Context.APIRequest.GetAsync("/api/v1/images")).JsonAsync())!.Value.EnumerateArray().Single(image => image.GetProperty("name").GetString() == "docker").GetProperty("state").GetString() == "ready", 600);
        using var bytes = new MemoryStream();
        await using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            // Its address is its content: on an instance that ran this before, it would be another one's.
            foreach (var (name, content) in new[] { ($"_posts/{lab}", await File.ReadAllTextAsync(Path.Combine(Instance.SourceDirectory(), "tests/Sandbox.Tutorials.Tests/Samples/play-with-docker/_posts", lab))), ("run.txt", Guid.NewGuid().ToString("n")) })
            {
                await using var writer = new StreamWriter(await zip.CreateEntry(name).OpenAsync());
                await writer.WriteAsync(content);
            }
        }

        var answer = await visitor.Context.APIRequest.PostAsync("/api/v1/tutorials", new() { DataByte = bytes.ToArray(), Headers = new Dictionary<string, string> { ["content-type"] = "application/zip" } });
        Assert.True(answer.Ok, await answer.TextAsync());
        await visitor.Page.GotoAsync($"/t/{(await answer.JsonAsync())!.Value.GetProperty("tutorials")[0].GetProperty("hash").GetString()}");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await visitor.Page.Locator(".tut-text .block-run").First.WaitForAsync();
        await visitor.ShellAsync();
        var playground = await (await visitor.Context.APIRequest.GetAsync($"/api/v1/playgrounds/{visitor.Playground}")).JsonAsync();
        foreach (var machine in playground!.Value.GetProperty("sandboxes").EnumerateArray())
        {
            var made = await visitor.Context.APIRequest.PostAsync($"/api/v1/sandboxes/{machine.GetProperty("id").GetString()}/exec", new() { DataObject = new { command = new[] { "sh", "-c", Hub }, timeoutSeconds = 240 }, Timeout = 250_000 });
            Assert.Contains("there", await made.TextAsync(), StringComparison.Ordinal);
        }

        return visitor;
    }

    private static async Task RunAsync(IPage page, int block, string state = "✓ done")
    {
        await page.Locator(".block:has(.block-run)").Nth(block).Locator(".block-run").ClickAsync();
        await Assertions.Expect(State(page, block)).ToHaveTextAsync(state);
    }

    /// <summary>A block for the program that runs in the terminal. BusyBox does not say that it waits at a prompt, so the page asks.</summary>
    private static async Task IntoTheContainerAsync(IPage page, int block)
    {
        await page.Locator(".block:has(.block-run)").Nth(block).Locator(".block-run").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Type it into the program" }).ClickAsync();
    }

    private static async Task SeesPageAsync(IPage page, int link, string text)
    {
        var tab = await page.RunAndWaitForPopupAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "welcome page" }).Nth(link).ClickAsync());
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await tab.ReloadAsync(); // as the lab says: the browser may have kept the page of before
                    return await tab.GetByText(text).IsVisibleAsync();
                }
                catch (PlaywrightException)
                {
                    return false; // a page that says that nothing answers yet was just loading itself
                }
            },
            $"“{text}” in the tab");
        await tab.CloseAsync();
    }

    private static ILocator State(IPage page, int block) => page.Locator(".block:has(.block-run)").Nth(block).Locator(".block-state");

    [GeneratedRegex(@"docker swarm join --token \S+ [0-9.]+:2377", RegexOptions.None, 1000)]
    private static partial Regex Join();

    [GeneratedRegex("^exit code 0.*drain node2$", RegexOptions.None, 1000)]
    private static partial Regex Drained();
}
