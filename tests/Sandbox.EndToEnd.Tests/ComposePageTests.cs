using System.Text;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A compose file that a visitor pastes or chooses.</summary>
public sealed class ComposePageTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_compose_file_is_corrected_started_as_nodes_and_kept_as_a_link()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await page.GotoAsync("/images");
        await page.GetByRole(AriaRole.Link, new() { Name = "a page of their own" }).ClickAsync();
        var verdict = page.Locator("#compose-verdict");
        await Assertions.Expect(verdict).ToContainTextAsync("3 nodes, which reach each other by name.");
        var text = page.GetByRole(AriaRole.Textbox, new() { Name = "Compose file" });

        // A place of a mistake is selected, and typed over.
        await text.FillAsync("services:\n  web:\n    image: busybox\n  other\n");
        await Assertions.Expect(verdict).ToContainTextAsync("It cannot be read");
        await verdict.GetByRole(AriaRole.Button, new() { Name = "Line 4" }).ClickAsync();
        await page.Keyboard.TypeAsync("  other: { image: busybox, ports: [\"81:80\"] }");
        await Assertions.Expect(verdict.GetByRole(AriaRole.Listitem)).ToHaveTextAsync(["web: busybox", "other: busybox, port 80"]);

        await page.GetByRole(AriaRole.Button, new() { Name = "Keep as a link" }).ClickAsync();
        var address = page.GetByLabel("Anyone with this address can start it");
        await Assertions.Expect(address).ToBeFocusedAsync();
        var link = new Uri(await address.InputValueAsync()).AbsolutePath;
        await page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).ClickAsync();
        await visitor.ShellAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Tab)).ToHaveTextAsync(["web: shell 1", "other: shell 2"]);
        await page.GotoAsync(link);
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Compose file" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_compose_file_that_no_node_can_be_is_started_by_Docker()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await Contract.Instance.UntilAsync(
            async () => (await (await visitor.Context.APIRequest.GetAsync("/api/v1/images")).JsonAsync())!.Value.EnumerateArray().Single(image => image.GetProperty("name").GetString() == "docker").GetProperty("state").GetString() == "ready", 600);
        await page.GotoAsync("/compose");
        var verdict = page.Locator("#compose-verdict");
        await Assertions.Expect(verdict).ToContainTextAsync("3 nodes"); // the page's script is there
        await ChooseAsync(page, new string('#', 300_000));
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("compose.yaml has more than 256 KiB.");
        await ChooseAsync(page, "services:\n  web:\n    image: busybox\n    command: httpd -f -p 8080 -h /etc\n    ports: ['8080:8080']\n    env_file: missing.env\n");
        await Assertions.Expect(verdict).ToContainTextAsync("Docker starts it with docker compose up, because nodes do not support this:");
        await Assertions.Expect(verdict.GetByRole(AriaRole.Listitem)).ToHaveTextAsync(
            ["Line 4, column 14services.web.command: a node always runs its image's own command", "Line 6, column 15services.web.env_file: needs files of the folder, which are not here. A git repository brings them."]);

        await page.GetByRole(AriaRole.Textbox, new() { Name = "Compose file" }).PressAsync("Control+End");
        await verdict.GetByRole(AriaRole.Button, new() { Name = "Line 6" }).ClickAsync();
        await page.Keyboard.PressAsync("Delete");
        await Assertions.Expect(verdict.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).ClickAsync();
        await visitor.ShellAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Port 8080" })).ToBeVisibleAsync();
    }

    private static Task ChooseAsync(IPage page, string text) =>
        page.Locator("#compose-file-input").SetInputFilesAsync(new FilePayload { Name = "compose.yaml", MimeType = "application/yaml", Buffer = Encoding.UTF8.GetBytes(text) });
}
