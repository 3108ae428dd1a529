using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>All that people learn about Docker first, by a stranger with a browser and no account: from a Dockerfile to a service over two machines.</summary>
public sealed partial class ArticleTests(Instance instance, Chromium chromium)
{
    private const string Site =
        """
        mkdir site; cd site
        cat > Dockerfile <<'END'
        FROM busybox
        RUN mkdir /www && echo "<h1>Built in a browser</h1>" > /www/index.html
        EXPOSE 80
        CMD ["httpd", "-f", "-p", "80", "-h", "/www"]
        END
        """;

    [Fact]
    public async Task A_stranger_goes_from_a_Dockerfile_to_a_service_over_two_nodes_and_shares_it()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await Contract.Instance.UntilAsync(async () => await ReadyAsync(visitor, "docker") && await ReadyAsync(visitor, "postgres"), 600);
        await visitor.LaunchAsync("docker");

        // An image of one's own.
        await visitor.PasteAsync(Site + "\n");
        await visitor.TypeAsync("docker build -t site .");
        await visitor.SeesAsync(text => text.Contains("naming to docker.io/library/site", StringComparison.Ordinal), "the image that was built");

        // A container of it, in a tab.
        await visitor.TypeAsync("docker run -d -p 8080:80 site");
        await page.GetByRole(AriaRole.Button, new() { Name = "Port 8080", Exact = true }).ClickAsync();
        var tab = await page.RunAndWaitForPopupAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Open port 8080" }).ClickAsync());
        await Assertions.Expect(tab.GetByRole(AriaRole.Heading, new() { Name = "Built in a browser" })).ToBeVisibleAsync();
        await tab.CloseAsync();

        // A database beside it, which containers reach by its name.
        await page.Keyboard.PressAsync("Alt+Shift+A");
        var nodes = page.GetByRole(AriaRole.Dialog, new() { Name = "Nodes" });
        await Assertions.Expect(nodes.GetByLabel("Image", new() { Exact = true })).ToHaveValueAsync("docker");
        await nodes.GetByLabel("Keep the data on a volume of yours").CheckAsync();
        await nodes.GetByRole(AriaRole.Button, new() { Name = "Add PostgreSQL" }).ClickAsync();
        await Assertions.Expect(nodes.GetByText("postgres runs. The other nodes reach it as postgres.")).ToBeVisibleAsync();
        var address = await nodes.Locator("code").Filter(new() { HasText = "psql postgresql://" }).InnerTextAsync();
        await page.Keyboard.PressAsync("Escape");
        await page.GetByRole(AriaRole.Tab, new() { NameRegex = First() }).ClickAsync();
        await visitor.TypeAsync($"docker run --rm postgres {address} -Atc 'select 1234 * 3'");
        await visitor.SeesAsync(text => text.Split('\n').Contains("3702", StringComparer.Ordinal), "the database's answer");

        // The image in one's own registry.
        var images = await visitor.Context.NewPageAsync();
        await images.GotoAsync("/images");
        await images.GetByRole(AriaRole.Button, new() { Name = "Make a password" }).ClickAsync();
        await Assertions.Expect(images.Locator("#push-login")).ToBeVisibleAsync();
        var login = (await images.Locator("#push-login code").InnerTextAsync()).Split("   #")[0];
        await page.BringToFrontAsync();
        await visitor.TypeAsync(login);
        await visitor.SeesAsync(text => text.Contains("Login Succeeded", StringComparison.Ordinal), "the login");
        await visitor.TypeAsync("docker tag site registry.internal:5000/me/site:1 && docker push registry.internal:5000/me/site:1");
        await visitor.SeesAsync(text => text.Contains("1: digest: sha256:", StringComparison.Ordinal), "the push");
        await images.ReloadAsync();
        await Assertions.Expect(images.Locator("[data-name='site:1']")).ToBeVisibleAsync();
        await images.GotoAsync("/volumes");
        await Assertions.Expect(images.Locator("[data-name='postgres']")).ToContainTextAsync("at /var/lib/postgresql in postgres of your docker playground");
        await images.CloseAsync();

        // A second machine, and a service over both.
        await visitor.TypeAsync("clear; docker swarm init");
        await visitor.SeesAsync(text => Join().IsMatch(text), "the line for the other nodes");
        var join = Join().Match(await visitor.ScreenAsync()).Value;
        await page.Keyboard.PressAsync("Alt+Shift+A");
        await nodes.GetByLabel("Name", new() { Exact = true }).FillAsync("node2");
        await nodes.GetByRole(AriaRole.Button, new() { Name = "Add node" }).ClickAsync();
        await Assertions.Expect(nodes).ToHaveCountAsync(0);
        await Assertions.Expect(page.GetByRole(AriaRole.Tab)).ToHaveCountAsync(3);
        await visitor.ShellAsync();
        await visitor.TypeAsync(join);
        await visitor.SeesAsync(text => text.Contains("This node joined a swarm as a worker.", StringComparison.Ordinal), "the second node in the swarm");
        await page.GetByRole(AriaRole.Tab, new() { NameRegex = First() }).ClickAsync();
        await visitor.TypeAsync("clear; docker service create -d --with-registry-auth --name web registry.internal:5000/me/site:1 && docker service scale web=4");
        await visitor.SeesAsync(text => text.Contains("verify: Service", StringComparison.Ordinal) && text.Contains("converged", StringComparison.Ordinal), "the service to be scaled");
        await visitor.TypeAsync("clear; until [ $(docker service ps web -f desired-state=running --format '{{.Node}} {{.CurrentState}}' | tee /tmp/tasks | grep -c ' Running') = 4 ] && grep -q ^main /tmp/tasks && grep -q ^node2 /tmp/tasks; do sleep 1; done; echo both-$((2*2))");
        await visitor.SeesLineAsync("both-4");

        // A link of it, for another browser. What opens the author's registry stays with the author.
        await page.Locator("#ws-share").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Share this state" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Share this state" });
        await Assertions.Expect(dialog.GetByRole(AriaRole.Checkbox, new() { Name = "/root/.docker/config.json" })).ToBeCheckedAsync();
        await dialog.GetByText("Show the files").First.ClickAsync();
        await Assertions.Expect(dialog.GetByText("/root/site/Dockerfile")).ToBeVisibleAsync();
        await dialog.GetByLabel("Title").FillAsync("My site");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create link" }).ClickAsync();
        var link = await dialog.GetByLabel("Address", new() { Exact = true }).InputValueAsync();
        await Eventually.TrueAsync(
            () => page.EvaluateAsync<bool>("() => ['.made-qr', '.made-badge'].every(name => document.querySelector(name)?.naturalWidth > 0)"),
            "the QR code and the badge");

        await using var other = await Visitor.ArriveAsync(instance, chromium);
        await other.Page.GotoAsync(new Uri(link).AbsolutePath);
        await other.Page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).ClickAsync();
        await other.ShellAsync();
        await other.TypeAsync("ls -A ~/.docker; docker build -q -t site ~/site && docker run --rm site cat /www/index.html; ping -qc 1 postgres && ping -qc 1 node2; echo done-$?");
        await other.SeesLineAsync("done-0");
        var screen = (await other.ScreenAsync()).Split('\n');
        Assert.Contains("<h1>Built in a browser</h1>", screen);
        Assert.DoesNotContain("config.json", screen);

        // A machine fails, and the other one goes on with the service.
        await page.Keyboard.PressAsync("Escape");
        await page.GetByRole(AriaRole.Button, new() { Name = "3 nodes" }).ClickAsync();
        await nodes.GetByRole(AriaRole.Button, new() { Name = "Remove node2" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog, new() { Name = "Remove node2?" })).ToContainTextAsync("every file in it is deleted permanently");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove it" }).ClickAsync();
        await Assertions.Expect(nodes.GetByRole(AriaRole.Status)).ToHaveTextAsync("node2 is removed.");
        await Assertions.Expect(nodes.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(2);
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.GetByRole(AriaRole.Tab)).ToHaveCountAsync(2);
        await visitor.TypeAsync("clear; until [ $(docker service ps -q web -f node=main -f desired-state=running | wc -l) = 4 ]; do sleep 1; done; echo all-$((2*2))");
        await visitor.SeesLineAsync("all-4");
    }

    private static async Task<bool> ReadyAsync(Visitor visitor, string image) =>
        (await (await visitor.Context.APIRequest.GetAsync("/api/v1/images")).JsonAsync())!.Value.EnumerateArray().Single(each => each.GetProperty("name").GetString() == image).GetProperty("state").GetString() == "ready";

    [GeneratedRegex("^main: ", RegexOptions.None, 1000)]
    private static partial Regex First();

    [GeneratedRegex(@"docker swarm join --token \S+ [0-9.]+:2377", RegexOptions.None, 1000)]
    private static partial Regex Join();
}
