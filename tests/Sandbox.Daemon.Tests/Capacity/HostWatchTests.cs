using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Sandbox.Daemon.Volumes;
using Xunit;

namespace Sandbox.Daemon.Tests.Capacity;

[Collection(nameof(LinuxHost))]
public sealed class HostWatchTests(LinuxHost host)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Failed_measurement_does_not_end_the_watch()
    {
        var directory = Directory.CreateTempSubdirectory("watch-");
        var options = host.Options with { DataDirectory = directory.FullName, DiskReserveBytes = new DriveInfo(directory.FullName).AvailableFreeSpace / 3 * 2 };
        var reserves = new Reserves(options);
        var groups = host.Parts.GetRequiredService<ControlGroupTree>();
        var measures = new HostMeasures(options, groups);
        var room = new HostRoom(host.Options, reserves, new HostMeasures(options with { DataDirectory = "/no/such" }, groups), groups); // it knows only what the watch tells it
        var log = new Faults();
        var watch = new HostWatch(
            new LiveSandboxes(), groups, host.Parts.GetRequiredService<VolumeStore>(), measures, room, host.Parts.GetRequiredService<HostActs>(), reserves, log);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var running = watch.RunAsync(stop.Token);

        await UntilAsync(() => IsMeasured(room)); // near the reserve, so it measures between two looks as well
        directory.Delete();
        await UntilAsync(() => log.Count >= 2 || running.IsCompleted);
        Assert.False(running.IsCompleted, "the watch ended");

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task Sandbox_that_the_host_holds_and_its_owner_pauses_stays_paused()
    {
        var id = await LaunchAsync();
        try
        {
            var sandbox = host.Parts.GetRequiredService<LiveSandboxes>().Find(id);
            await sandbox.Gate.WaitAsync(Cancel); // its owner is the next, before the watch
            var paused = host.Runtime.Sandboxes.PauseAsync(id, Cancel);
            await host.Parts.GetRequiredService<OciRuntimes>().Of(sandbox.Record.Isolation).PauseAsync(id, Cancel);
            host.Parts.GetRequiredService<SandboxLife>().Save(sandbox, sandbox.Record with { State = SandboxState.Paused, HeldAt = DateTimeOffset.UtcNow, Notice = "held" });
            sandbox.Gate.Release();

            Assert.Null((await paused).Notice);
            Assert.Equal(SandboxState.Paused, sandbox.Record.State);
            Assert.Null(sandbox.Record.HeldAt);
            Assert.Equal(SandboxState.Running, (await host.Runtime.Sandboxes.ResumeAsync(id, Cancel)).State);
        }
        finally
        {
            await host.Runtime.Sandboxes.RemoveAsync(id, CancellationToken.None);
        }
    }

    [Fact]
    public async Task Runtime_that_hangs_delays_its_own_sandbox_only()
    {
        var (one, two) = (await LaunchAsync(), await LaunchAsync());
        var run = Directory.CreateTempSubdirectory("hangs-");
        try
        {
            // A reader of the first state waits until somebody writes it.
            var states = run.CreateSubdirectory("oci");
            var state = Path.Combine(states.CreateSubdirectory(one.Value).FullName, "status");
            await host.Parts.GetRequiredService<Tool>().RunOrThrowAsync("mkfifo", [state], cancellationToken: Cancel);
            Directory.CreateSymbolicLink(Path.Combine(states.FullName, two.Value), Path.Combine(host.Options.RunDirectory, "oci", two.Value));

            var (sandboxes, groups) = (host.Parts.GetRequiredService<LiveSandboxes>(), host.Parts.GetRequiredService<ControlGroupTree>());
            var room = new HostRoom(host.Options, new Reserves(host.Options), new HostMeasures(host.Options, groups), groups);
            var runtimes = new OciRuntimes(host.Options with { RunDirectory = run.FullName }, host.Parts.GetRequiredService<Tool>());
            var acts = new HostActs(
                sandboxes, host.Parts.GetRequiredService<SandboxLife>(), host.Parts.GetRequiredService<SandboxLauncher>(), runtimes, room, host.Parts.GetRequiredService<ILogger<HostActs>>());

            acts.Pause(new SandboxUse(one, "somebody", 1, 1), HostActs.Short.Memory);
            await UntilAsync(() => sandboxes.Find(one).Record.HeldAt is not null);
            acts.Pause(new SandboxUse(two, "somebody", 1, 1), HostActs.Short.Memory);
            await UntilAsync(() => room.Describe(0, 0).Acts.Any(act => act.Sandbox == two && act.Kind == "paused"));
            Assert.DoesNotContain(room.Describe(0, 0).Acts, act => act.Sandbox == one);

            await using (var written = new FileStream(state, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite)) // opened for both it waits for nobody
            {
                await written.WriteAsync("no state"u8.ToArray(), Cancel);
            }

            await UntilAsync(() => sandboxes.Find(one).Record is { State: SandboxState.Running, HeldAt: null });
        }
        finally
        {
            run.Delete(recursive: true);
            await host.Runtime.Sandboxes.RemoveAsync(one, CancellationToken.None);
            await host.Runtime.Sandboxes.RemoveAsync(two, CancellationToken.None);
        }
    }

    private async Task<SandboxId> LaunchAsync()
    {
        var limits = new SandboxLimits(1, 64L << 20, 64, 64L << 20, 10_000);
        var spec = new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = PersonId.New(),
            Name = "main",
            Image = host.Busybox,
            Limits = limits,
            OwnerLimits = limits,
            Deadline = DateTimeOffset.UtcNow.AddMinutes(10),
        };
        await host.Runtime.Sandboxes.CreateAsync(spec, Cancel);
        return spec.Id;
    }

    private static bool IsMeasured(HostRoom room)
    {
        try
        {
            return room.Describe(0, 0).Disk.Left > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task UntilAsync(Func<bool> isTrue)
    {
        for (var attempt = 0; !isTrue(); attempt++)
        {
            Assert.True(attempt < 1200, "waited in vain");
            await Task.Delay(25, Cancel);
        }
    }

    private sealed class Faults : ILogger<HostWatch>
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _ = exception is null ? 0 : Interlocked.Increment(ref _count);
    }
}
