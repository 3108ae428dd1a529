using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>
/// Launches and ends, undisturbed and cut off by the end of the daemon at any moment, leave the host as it was.
/// <c>infra/soak</c> runs the same for long.
/// </summary>
[Collection(typeof(Alone))]
public sealed class SoakTests
{
    private const int AtOnce = 3;

    private static readonly int Seed = Number("SANDBOX_SOAK_SEED", 1);

    private readonly Random _random = new(Seed);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Launch_command_and_end_leave_the_host_as_it_was()
    {
        var cycles = Number("SANDBOX_SOAK_CYCLES", 12);
        await CycleAsync(AtOnce); // whatever exists once the first has run
        var before = await HostCensus.TakeAsync();
        for (var done = 0; done < cycles; done += AtOnce)
        {
            await CycleAsync(Math.Min(AtOnce, cycles - done));
            Report("cycles", done, done + AtOnce, cycles);
        }

        await IsAsBeforeAsync(before, $"{cycles} cycles of launch, command and end");
    }

    [Fact]
    public async Task Ends_of_the_daemon_at_any_moment_leave_the_host_as_it_was()
    {
        var kills = Number("SANDBOX_SOAK_KILLS", 4);
        await CycleAsync(AtOnce);
        var before = await HostCensus.TakeAsync();
        for (var kill = 0; kill < kills; kill++)
        {
            await CrashAsync(whileRemoving: kill % 2 == 1);
            Report("kills", kill, kill + 1, kills);
        }

        await IsAsBeforeAsync(before, $"{kills} kills of the daemon (seed {Seed})");
    }

    private static async Task CycleAsync(int atOnce)
    {
        await using var caller = await Caller.NewGuestAsync();
        await using var hub = await caller.ConnectAsync();
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(async number =>
        {
            var (playground, sandbox) = await caller.LaunchAsync();
            Assert.NotEmpty(await hub.InvokeAsync<string>("Open", sandbox, 80, 24, null, Token));
            Assert.Equal($"{number}\n", await caller.ShellAsync(sandbox, $"echo {number}"));
            Assert.Equal(204, (await caller.DeleteAsync("/api/v1/playgrounds/" + playground)).Status);
        }));
    }

    /// <summary>Two launches or two removals, and a kill of the daemon in the middle of them.</summary>
    private async Task CrashAsync(bool whileRemoving)
    {
        await using var caller = await Caller.NewGuestAsync();
        var daemon = await Instance.PidAsync("daemon");
        var work = Enumerable.Range(0, 2).Select(_ => Task.CompletedTask).ToArray();
        if (whileRemoving)
        {
            var playgrounds = await Task.WhenAll(caller.LaunchAsync(), caller.LaunchAsync());
            work = [.. playgrounds.Select(launched => AttemptAsync(() => caller.DeleteAsync("/api/v1/playgrounds/" + launched.Playground)))];
        }
        else
        {
            work = [.. work.Select(_ => AttemptAsync(() => caller.PostAsync("/api/v1/playgrounds", new { image = "busybox" })))];
        }

        await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(120)), Token);
        await Instance.RunAsync("kill", "-9", daemon.ToString(CultureInfo.InvariantCulture));
        await Task.WhenAll(work);
        await Instance.UntilAsync(async () => await Instance.FindPidAsync("daemon") is { } now && now != daemon);
        await Instance.ReadyAsync();

        // What was half launched may be gone, or run; everything that is there can be used and ended.
        foreach (var playground in (await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray())
        {
            if ((string?)playground!["state"] == "running")
            {
                // The web process may not have learned yet that it was gone before the daemon came back.
                var id = (string)playground["id"]!;
                var sandbox = (string)playground["sandboxes"]![0]!["id"]!;
                await Instance.UntilAsync(async () =>
                    (await caller.GetAsync("/api/v1/playgrounds/" + id)).Json["state"]?.ToString() != "running"
                    || (await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "echo", "up" } })) is { Status: 200 } answer && (string)answer.Json["stdout"]! == "up\n");
            }
        }
    }

    private static async Task AttemptAsync(Func<Task<Answer>> call)
    {
        try
        {
            await call();
        }
        catch (HttpRequestException)
        {
            // The web process answers also without the daemon; a test that kills both may see this.
        }
    }

    /// <summary>Removals go on behind the answer, so this waits for the counts to come back.</summary>
    private static async Task IsAsBeforeAsync(HostCensus before, string after)
    {
        var clock = Stopwatch.StartNew();
        HostCensus now;
        do
        {
            await Task.Delay(500, Token);
            now = await HostCensus.TakeAsync();
        }
        while (now.GrownSince(before).Count > 0 && clock.Elapsed < TimeSpan.FromMinutes(3));

        Say(string.Create(CultureInfo.InvariantCulture, $"\n{after,-32}    before     after\n{now.TableBeside(before)}\n"));
        Assert.Empty(now.GrownSince(before));
    }

    /// <summary>Says about twenty times how far it is.</summary>
    private static void Report(string what, int from, int to, int all)
    {
        var part = Math.Max(1, all / 20);
        if (from / part != to / part)
        {
            Say($"{what}: {Math.Min(to, all)} of {all}");
        }
    }

    /// <summary>A line for people who wait.</summary>
    private static void Say(string text)
    {
        if (Environment.GetEnvironmentVariable("SANDBOX_SOAK_LOG") is { Length: > 0 } log)
        {
            File.AppendAllText(log, text + "\n");
        }
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
