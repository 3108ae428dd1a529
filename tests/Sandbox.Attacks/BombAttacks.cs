using Sandbox.Core.People;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Bombs of guests with all sandboxes of their plan.</summary>
[Collection(nameof(LinuxHost))]
public sealed class BombAttacks(LinuxHost host) : Attacker(host)
{
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
}
