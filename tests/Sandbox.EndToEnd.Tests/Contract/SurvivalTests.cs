using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.SignalR.Client;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Rpc;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

[Collection(typeof(Alone))]
public sealed class SurvivalTests
{
    private static readonly string[] Counting = ["sh", "-c", "i=0; while [ $i -lt 400 ]; do echo line $i.; i=$((i+1)); sleep 0.02; done; exit 7"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_shell_goes_on_while_either_process_is_killed_and_no_line_is_lost()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (playground, sandbox) = await caller.LaunchAsync();
        string terminal;
        await using (var hub = await caller.ConnectAsync())
        {
            terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, Counting, Token);
        }

        var held = new MemoryStream();
        int? exit = null;
        var kills = 0;
        for (var visit = 0; exit is null; visit++)
        {
            Assert.True(visit < 60, "it never ends");
            try
            {
                await using var hub = await caller.ConnectAsync();
                await foreach (var item in hub.StreamAsync<Item>("Attach", terminal, held.Length, Token))
                {
                    Assert.Equal(held.Length, item.Offset);
                    held.Write(item.Data);
                    exit = item.ExitCode;
                    await hub.SendAsync("Ack", terminal, held.Length, Token);
                    if (kills < 3 && held.Length > (kills + 1) * 600)
                    {
                        await Instance.KillAsync(kills++ % 2 == 0 ? "web" : "daemon");
                    }
                }
            }
            catch (Exception gone) when (exit is null && gone is HttpRequestException or IOException or InvalidOperationException or Microsoft.AspNetCore.SignalR.HubException or System.Net.WebSockets.WebSocketException or TaskCanceledException)
            {
                await Task.Delay(200, Token);
            }
        }

        Assert.Equal((3, 7), (kills, exit));
        var expected = string.Concat(Enumerable.Range(0, 400).Select(number => string.Create(CultureInfo.InvariantCulture, $"line {number}.\r\n")));
        Assert.Equal(expected, Encoding.ASCII.GetString(held.ToArray()));
        await Instance.ReadyAsync();
        Assert.Equal("running", (string?)(await caller.GetAsync("/api/v1/playgrounds/" + playground)).Json["state"]);
        Assert.Equal("hi\n", await caller.ShellAsync(sandbox, "echo hi"));
    }

    [Fact]
    public async Task Without_the_daemon_calls_fail_with_a_code_and_ended_sandboxes_are_gone_once_it_is_back()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (kept, sandbox) = await caller.LaunchAsync();
        var (ended, gone) = await caller.LaunchAsync();
        try
        {
            await Instance.SuperviseAsync("down", "daemon");
            Assert.Equal((503, "runtime_unavailable"), Told(await caller.PostAsync("/api/v1/playgrounds", new { image = "busybox" })));
            Assert.Equal((503, "runtime_unavailable"), Told(await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "true" } })));
            Assert.Equal((503, "runtime_unavailable"), Told(await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/stop")));
            Assert.Equal((503, "runtime_unavailable"), Told(await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/files/etc")));
            Assert.Equal((503, "runtime_unavailable"), Told(await caller.PutAsync($"/api/v1/sandboxes/{sandbox}/files/x", [1])));
            Assert.Equal((503, "runtime_unavailable"), Told(await caller.GetAsync("/readyz")));
            Assert.Equal(200, (await caller.GetAsync("/healthz")).Status);
            Assert.Equal(200, (await caller.GetAsync("/api/v1/images")).Status);
            caller.Headers["Accept"] = "text/html";
            foreach (var page in new[] { "/", "/playgrounds", "/p/" + kept })
            {
                Assert.Equal((page, 200), (page, (await caller.GetAsync(page)).Status));
            }

            caller.Headers.Remove("Accept");
            Assert.Equal(2, (await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray().Count);
            Assert.Equal("running", (string?)(await caller.GetAsync("/api/v1/playgrounds/" + kept)).Json["state"]);
            await using var hub = await caller.ConnectAsync();
            var refusal = await Assert.ThrowsAnyAsync<Exception>(() => hub.InvokeAsync<string>("Open", sandbox, 80, 24, null, Token));
            Assert.Contains("runtime_unavailable: ", refusal.Message, StringComparison.Ordinal);

            Assert.Equal(204, (await caller.DeleteAsync("/api/v1/playgrounds/" + ended)).Status);
            Assert.True(Directory.Exists(Instance.RecordOf(gone)));
        }
        finally
        {
            await Instance.SuperviseAsync("up", "daemon");
        }

        await Instance.ReadyAsync();
        await Instance.UntilAsync(() => Task.FromResult(!Directory.Exists(Instance.RecordOf(gone))));
        Assert.Equal("hi\n", await caller.ShellAsync(sandbox, "echo hi"));
        Assert.Equal("running", (string?)(await caller.GetAsync("/api/v1/playgrounds/" + kept)).Json["state"]);
    }

    [Fact]
    public async Task A_lost_sandbox_ends_as_host_restarted_and_an_unowned_one_is_removed()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (lost, sandbox) = await caller.LaunchAsync();
        var digest = Digest.Parse((string)(await caller.GetAsync("/api/v1/playgrounds/" + lost)).Json["sandboxes"]![0]!["digest"]!);

        // Makes a sandbox that the web process has no record of.
        using var runtime = new RuntimeClient(Instance.ControlSocket);
        var orphan = SandboxId.New();
        await runtime.Sandboxes.CreateAsync(
            new SandboxSpec
            {
                Id = orphan,
                Playground = PlaygroundId.New(),
                Owner = PersonId.New(),
                Name = "main",
                Image = digest,
                Limits = Plan.Guest.PerSandbox,
                OwnerLimits = Plan.Guest.Total,
                Deadline = DateTimeOffset.UtcNow.AddHours(1),
            },
            Token);
        await Instance.UntilAsync(async () => await runtime.Sandboxes.FindAsync(orphan, Token) is null, seconds: 40);
        Assert.False(Directory.Exists(Instance.RecordOf(orphan.Value)));

        // As a reboot does: the daemon comes back and knows nothing of it.
        try
        {
            await Instance.SuperviseAsync("down", "daemon");
            await Instance.SuperviseAsync("down", "web");
            foreach (var file in Directory.GetFiles(Instance.RecordOf(sandbox), "*.json"))
            {
                File.Delete(file);
            }
        }
        finally
        {
            await Instance.SuperviseAsync("up", "daemon");
            await Instance.SuperviseAsync("up", "web");
        }

        await Instance.ReadyAsync();
        var row = await caller.UntilAsync(lost, found => (string?)found["state"] == "ended");
        Assert.Equal("host_restarted", (string?)row["lease"]!["reason"]);
        Assert.NotEmpty((string)row["lease"]!["message"]!);
        Assert.False(Directory.Exists(Instance.RecordOf(sandbox)));
        Assert.DoesNotContain(sandbox, await File.ReadAllTextAsync("/proc/1/mounts", Token), StringComparison.Ordinal);
        foreach (var process in Directory.GetDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                Assert.DoesNotContain(sandbox, await File.ReadAllTextAsync(Path.Combine(process, "cgroup"), Token), StringComparison.Ordinal);
            }
            catch (IOException)
            {
                // It ended while we looked.
            }
        }
    }

    [Fact]
    public async Task A_launch_cut_off_by_the_end_of_the_web_process_is_ended_with_the_reason_and_leaves_nothing()
    {
        await using var caller = await Caller.NewGuestAsync();
        var launch = caller.PostAsync("/api/v1/playgrounds", new { recipe = new { nodes = new[] { new { image = "busybox", setup = new[] { new[] { "sleep", "30" } } } } } });
        string? sandbox = null;
        await Instance.UntilAsync(async () =>
        {
            var rows = (await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray();
            sandbox = rows.Count == 1 ? (string?)rows[0]!["sandboxes"]![0]!["id"] : null;
            return sandbox is not null && Directory.Exists(Instance.RecordOf(sandbox));
        });
        await Instance.KillAsync("web");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => launch);
        await Instance.ReadyAsync();
        var row = (await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray().Single()!;
        Assert.Equal(("ended", "launch_failed"), ((string)row["state"]!, (string)row["lease"]!["reason"]!));
        Assert.True((DateTimeOffset)row["lease"]!["endsAt"]! <= DateTimeOffset.UtcNow.AddSeconds(1));
        await Instance.UntilAsync(() => Task.FromResult(!Directory.Exists(Instance.RecordOf(sandbox!))));
    }

    [Fact]
    public async Task Fifty_launches_at_one_instant_are_all_answered()
    {
        await using var operators = await Caller.NewOperatorAsync();
        var plan = (await operators.GetAsync("/api/v1/admin/plans")).Json.AsArray().Single(row => (string)row!["name"]! == "guest")!;
        await OperatorTests.SavePlanAsync(operators, plan, "contract-many", row => (row["playgrounds"], row["memoryBytes"], row["diskBytes"]) = (5, 32 * 1024 * 1024, 128 * 1024 * 1024));
        var callers = new List<Caller>();
        try
        {
            for (var number = 0; number < 10; number++)
            {
                callers.Add(await Caller.NewGuestAsync());
                await OperatorTests.MoveAsync(operators, callers[^1], "contract-many");
            }

            var answers = await Task.WhenAll(callers.SelectMany(caller => Enumerable.Range(0, 5).Select(_ => caller.PostAsync("/api/v1/playgrounds", new { image = "busybox" }))));
            Assert.All(answers, answer => Assert.True(answer.Status == 201, answer.Text));
            Assert.Equal(50, answers.Select(answer => (string?)answer.Json["id"]).Distinct().Count());
        }
        finally
        {
            foreach (var caller in callers)
            {
                await caller.DisposeAsync();
            }
        }
    }

    private static (int Status, string Code) Told(Answer answer) => (answer.Status, answer.Code);
}
