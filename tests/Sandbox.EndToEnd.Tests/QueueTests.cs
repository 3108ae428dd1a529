using Microsoft.Playwright;
using Sandbox.EndToEnd.Tests.Contract;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

[Collection(typeof(Alone))]
public sealed class QueueTests(Instance instance, Chromium chromium)
{
    private const int OfAGuest = 512;

    [Fact]
    public async Task On_a_full_host_a_visitor_waits_for_their_turn_and_types_when_it_comes()
    {
        await using var giant = await Caller.NewGuestAsync();
        var ending = await FillAsync(giant);
        await using var first = await Visitor.ArriveAsync(instance, chromium);
        await using var second = await Visitor.ArriveAsync(instance, chromium);

        await WaitAsync(first, "Place 1 in the queue. You are next.");
        await WaitAsync(second, "Place 2 in the queue. 1 visitor is before you.");
        await Assertions.Expect(second.Page).ToHaveTitleAsync("Place 2 · BusyBox · Sandbox");
        await Assertions.Expect(second.Panel.GetByRole(AriaRole.Button, new() { Name = "Leave the queue" })).ToBeVisibleAsync();

        await AccessibilityTests.CheckAsync(second.Page, "the place in the queue");

        // Closing the tab gives the place up.
        await first.Page.CloseAsync();
        await Assertions.Expect(second.Panel).ToContainTextAsync("Place 1 in the queue. You are next.");

        await giant.DeleteAsync($"/api/v1/playgrounds/{ending}");
        await second.ShellAsync();
        await second.TypeAsync("echo mine-$((6*7))");
        await second.SeesLineAsync("mine-42");
        await Assertions.Expect(second.Page).ToHaveTitleAsync("BusyBox · Sandbox");
    }

    private static async Task WaitAsync(Visitor visitor, string words)
    {
        await visitor.Page.GotoAsync("/");
        await visitor.Page.Locator(".card[data-image='busybox'] a.launch").ClickAsync();
        await Assertions.Expect(visitor.Panel).ToContainTextAsync(words);
    }

    /// <summary>Takes all room of the host, in sandboxes that are large by promise alone. Answers with one that leaves room for a guest's.</summary>
    private static async Task<string> FillAsync(Caller giant)
    {
        await using var operators = await Caller.NewOperatorAsync();
        var guestPlan = (await operators.GetAsync("/api/v1/admin/plans")).Json.AsArray().Single(row => (string)row!["name"]! == "guest")!;
        await OperatorTests.SavePlanAsync(operators, guestPlan, "queue-giant", plan =>
            (plan["playgrounds"], plan["nodes"], plan["memoryBytes"], plan["totalMemoryBytes"]) = (100, 5, 1L << 36, 1L << 42));
        await OperatorTests.MoveAsync(operators, giant, "queue-giant");
        var ending = await LaunchAsync(giant, 1, OfAGuest);
        Assert.Equal(201, ending.Status);
        for (var (nodes, memory) = (5, 1 << 13); memory >= OfAGuest;)
        {
            var answer = await LaunchAsync(giant, nodes, memory);
            if (answer.Status != 201 && answer.Code == "rate")
            {
                await Task.Delay(1000, TestContext.Current.CancellationToken);
                continue;
            }

            Assert.True(answer.Status == 201 || answer.Code == "capacity", answer.Text);
            (nodes, memory) = answer.Status == 201 ? (nodes, memory) : nodes > 1 && memory == OfAGuest ? (1, memory) : (nodes, memory / 2);
        }

        return (string)ending.Json["id"]!;
    }

    private static Task<Answer> LaunchAsync(Caller giant, int nodes, int memory) => giant.PostAsync(
        "/api/v1/playgrounds",
        new { queue = false, recipe = new { nodes = Enumerable.Range(1, nodes).Select(number => new { name = $"node{number}", image = "busybox", resources = new { memoryMiB = memory } }) } });
}
