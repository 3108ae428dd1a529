using Sandbox.Core.People;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Bombs of two guests with all sandboxes of their plan: each of a guest's three explodes in another way.</summary>
[Collection(nameof(LinuxHost))]
public sealed class BombAttacks(LinuxHost host) : Attacker(host)
{
    private const int Many = 300_000;

    [Theory]
    [InlineData("memory", "memfd", "secret")]
    [InlineData("shared", "segments", "cache")]
    [InlineData("pipes", "queues", "flight")]
    [InlineData("tcp", "half-open", "semaphores")]
    [InlineData("mail", "posix-mail", "timers")]
    [InlineData("timer-files", "events", "watches")]
    [InlineData("signals", "forks", "threads")]
    [InlineData("areas", "names", "inodes")]
    public async Task Bombs_of_two_guests_take_nothing_of_others(params string[] kinds)
    {
        var plan = Plan.Guest;
        var guests = new[] { PersonId.New(), PersonId.New() };
        var attackers = guests.SelectMany(guest => kinds.Select(kind => (Spec: Spec() with { Owner = guest, Limits = plan.PerSandbox, OwnerLimits = plan.Total }, kind))).ToList();
        Assert.Equal(2 * plan.Playgrounds, attackers.Count);
        await Task.WhenAll(attackers.Select(async attacker =>
        {
            var id = await LaunchAsync(attacker.Spec);
            await RunAsync(id, "sh", "-c", $"(/attack {attacker.kind} {(attacker.kind == "cache" ? 2000 : Many)} 4 60; echo over $?) > /tmp/loot 2>&1 &");
        }));

        // Each has what it gets, or is stopped for it.
        foreach (var (spec, kind) in attackers)
        {
            await UntilAsync(async () => await StateAsync(spec.Id) != SandboxState.Running || await HasLootAsync(spec.Id, kinds), $"{kind} explodes");
        }

        var neighbour = await LaunchAsync();
        foreach (var kind in kinds)
        {
            Assert.Equal((kind, new Loot(1, 0)), (kind, Assert.Single(await AttackAsync(neighbour, kind, 1))));
            await AssertHostCanAsync(kind);
        }
    }

    /// <summary>Machine code of filters lies in one table of the host, and is charged to nobody. Without a place in it no sandbox starts.</summary>
    [Fact]
    public async Task System_call_filters_of_a_guest_do_not_fill_the_hosts_table()
    {
        var plan = Plan.Guest;
        var guest = PersonId.New();
        var attackers = new List<SandboxId>();
        for (var number = 0; number < plan.Playgrounds; number++)
        {
            attackers.Add(await LaunchAsync(Spec() with { Owner = guest, Limits = plan.PerSandbox, OwnerLimits = plan.Total }));
            await BeginAsync(attackers[^1], "call-filters", 240);
        }

        await UntilAsync(async () => (await Task.WhenAll(attackers.Select(id => Host.Runtime.Sandboxes.FindAsync(id, Cancel))))
            .Any(info => info?.Notice?.Contains("system call filters", StringComparison.Ordinal) == true), "one is stopped for its filters");
        await AssertOthersCanAsync("call-filters");
    }

    private async Task<bool> HasLootAsync(SandboxId id, string[] kinds)
    {
        try
        {
            var (code, text) = await RunAsync(id, "cat", "/tmp/loot");
            return code == 0
                ? Parse(text).Any(loot => loot.Got > 0) || text.Contains("over 137", StringComparison.Ordinal) // killed at its limit
                : kinds.Contains("forks") && text.Contains("Resource temporarily unavailable", StringComparison.Ordinal); // no process is left for the question
        }
        catch (Core.Errors.SandboxException)
        {
            return false; // it was stopped at this moment
        }
    }
}
