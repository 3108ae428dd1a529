using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>The isolation receipt of a sandbox, for programs and for its visitor.</summary>
public sealed class ReceiptTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_receipt_says_what_this_sandbox_has_and_nothing_of_the_host()
    {
        await using var guest = await instance.NewGuestAsync();
        var offered = (await guest.Client.GetFromJsonNodeAsync("/api/v1/status"))["features"]!["isolationClasses"]!.AsArray().Select(name => (string)name!).ToList();
        foreach (var isolation in new[] { "container", "gvisor" }.Intersect(offered, StringComparer.Ordinal))
        {
            var sandbox = await guest.LaunchAsync(new { image = "busybox", isolation, network = "none", resources = new { memoryMiB = 200, diskMiB = 300 } });
            var text = await guest.Client.GetStringAsync($"/api/v1/sandboxes/{sandbox}/isolation");
            var receipt = JsonNode.Parse(text)!;

            Assert.Equal((sandbox, isolation), ((string)receipt["sandbox"]!, (string)receipt["isolation"]!));
            var classes = receipt["classes"]!.AsArray().ToDictionary(each => (string)each!["name"]!, each => (bool)each!["isOffered"]!, StringComparer.Ordinal);
            Assert.Equal(new Dictionary<string, bool>(StringComparer.Ordinal) { ["container"] = true, ["gvisor"] = offered.Contains("gvisor", StringComparer.Ordinal), ["microvm"] = false }, classes);

            // Each class rests on what it uses: gVisor answers system calls itself, a container's are filtered.
            var checks = receipt["checks"]!.AsArray().ToDictionary(each => (string)each!["name"]!, each => (bool)each!["isProven"]!, StringComparer.Ordinal);
            Assert.Equal((isolation == "container", isolation == "gvisor", false), (checks.ContainsKey("seccomp"), checks.ContainsKey("gvisor"), checks.ContainsKey("kvm")));
            Assert.True(checks["user_namespaces"] && checks["control_groups"] && checks["egress_filter"], text);

            // The recipe's limits and network, as they are inside.
            Assert.Equal((200L << 20, 300L << 20), ((long)receipt["limits"]!["memoryBytes"]!, (long)receipt["limits"]!["diskBytes"]!));
            Assert.Equal(("none", "Nothing. It has no network."), ((string)receipt["network"]!["reach"]!, (string)receipt["network"]!["words"]!));
            Assert.DoesNotContain("eth0", (await guest.ShellAsync(sandbox, "ls /sys/class/net; cat /proc/net/dev")).Output, StringComparison.Ordinal);

            // Releases, devices and user numbers of the host are shown to its operator only.
            Assert.DoesNotContain("found", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Environment.OSVersion.Version.ToString(3), text, StringComparison.Ordinal);

            await using var stranger = await instance.NewGuestAsync();
            var refused = await stranger.Client.GetAsync($"/api/v1/sandboxes/{sandbox}/isolation", TestContext.Current.CancellationToken);
            Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (refused.StatusCode, refused.Content.Headers.ContentType!.MediaType));
        }
    }

    [Fact]
    public async Task A_visitor_reads_what_keeps_their_sandbox_apart()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new() { ViewportSize = new() { Width = 390, Height = 844 } });
        await visitor.LaunchAsync("busybox");
        await visitor.ChooseAsync("receipt");
        var dialog = visitor.Page.GetByRole(AriaRole.Dialog, new() { Name = "How this sandbox is kept apart" });
        await Assertions.Expect(dialog.GetByRole(AriaRole.Status)).ToContainTextAsync("has the isolation class Container.");
        await Assertions.Expect(dialog.Locator("[aria-current]")).ToContainTextAsync("this sandbox");
        await Assertions.Expect(dialog.GetByRole(AriaRole.Listitem).Filter(new() { HasText = "microVM" })).ToContainTextAsync("this server does not offer it");
        await Assertions.Expect(dialog.GetByText("512 MiB", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(dialog.GetByText("The public internet, and the other nodes of its playground.")).ToBeVisibleAsync();
        Assert.True(await dialog.EvaluateAsync<bool>("dialog => dialog.scrollWidth <= dialog.clientWidth"));

        // The keys are the terminal's again.
        await visitor.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(dialog).ToBeHiddenAsync();
        await visitor.TypeAsync("echo kept $((20+3)) apart");
        await visitor.SeesLineAsync("kept 23 apart");

        // Of several nodes, the one that is picked.
        var added = await visitor.Context.APIRequest.PostAsync($"/api/v1/playgrounds/{visitor.Playground}/sandboxes", new() { DataObject = new { image = "busybox", name = "second", resources = new { memoryMiB = 300 } } });
        Assert.True(added.Ok, await added.TextAsync());
        await visitor.Page.ReloadAsync();
        await visitor.ShellAsync();
        await visitor.ChooseAsync("receipt");
        await Assertions.Expect(dialog.GetByText("512 MiB", new() { Exact = true })).ToBeVisibleAsync();
        await dialog.GetByLabel("Sandbox", new() { Exact = true }).SelectOptionAsync("second");
        await Assertions.Expect(dialog.GetByRole(AriaRole.Status)).ToContainTextAsync("The sandbox second has the isolation class Container.");
        await Assertions.Expect(dialog.GetByText("300 MiB", new() { Exact = true })).ToBeVisibleAsync();
        await AccessibilityTests.CheckAsync(visitor.Page, "the receipts of several nodes");
    }
}
