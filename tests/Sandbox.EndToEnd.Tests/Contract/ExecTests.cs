using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

public sealed class ExecTests
{
    [Fact]
    public async Task A_command_has_exit_code_stdin_stdout_and_stderr()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var exec = $"/api/v1/sandboxes/{sandbox}/exec";

        var answer = await caller.PostAsync(exec, new { command = new[] { "sh", "-c", "cat; echo err >&2; exit 42" }, stdin = "naïve\n" });
        Assert.Equal(200, answer.Status);
        Assert.Equal((42, "naïve\n", "err\n", false), ((int)answer.Json["exitCode"]!, (string)answer.Json["stdout"]!, (string)answer.Json["stderr"]!, (bool)answer.Json["truncated"]!));
        Assert.True((double)answer.Json["durationMs"]! > 0);

        // An argv is passed as it is: no shell of ours reads it.
        Assert.Equal("$(id); `id` 'x'\n", (string?)(await caller.ExecAsync(sandbox, "echo", "$(id); `id` 'x'"))["stdout"]);
        Assert.Equal(137, (int)(await caller.ExecAsync(sandbox, "sh", "-c", "kill -9 $$"))["exitCode"]!);

        var much = await caller.ExecAsync(sandbox, "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x");
        Assert.True((bool)much["truncated"]!);
        Assert.InRange(((string)much["stdout"]!).Length, 100_000, 1024 * 1024);
        Assert.Equal(0, (int)much["exitCode"]!);

        var bytes = await caller.ExecAsync(sandbox, "printf", "\\377\\376ok");
        Assert.EndsWith("ok", (string)bytes["stdout"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_detached_command_answers_an_id_goes_on_and_keeps_its_log_and_exit_code()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var exec = $"/api/v1/sandboxes/{sandbox}/exec";

        var started = await caller.PostAsync(exec, new { command = new[] { "sh", "-c", "echo one; until [ -e /tmp/go ]; do sleep 0.1; done; echo two >&2; exit 7" }, detach = true });
        Assert.Equal((202, "running"), (started.Status, (string?)started.Json["state"]));
        var one = $"{exec}/{started.Json["id"]}";
        await Eventually.TrueAsync(async () => (await caller.GetAsync($"{one}/log")).Text == "one\n", "the log");
        var followed = caller.GetAsync($"{one}/log?follow=1");
        await caller.ShellAsync(sandbox, "touch /tmp/go");

        Assert.Equal("one\ntwo\n", (await followed).Text);
        var ended = (await caller.GetAsync(one)).Json;
        Assert.Equal(("ended", 7), ((string?)ended["state"], (int)ended["exitCode"]!));
        Assert.NotNull(ended["endedAt"]);

        Assert.Equal((422, "command_not_found"), Told(await caller.PostAsync(exec, new { command = new[] { "no-such-command" }, detach = true })));
        Assert.Equal((400, "invalid"), Told(await caller.PostAsync(exec, new { command = new[] { "cat" }, detach = true, stdin = "x" })));
        Assert.Equal((400, "invalid"), Told(await caller.PostAsync(exec, new { command = new[] { "cat" }, detach = true, timeoutSeconds = 5 })));
        Assert.Equal((404, "not_found"), Told(await caller.GetAsync($"{exec}/0000000000000000")));
        Assert.Single((await caller.GetAsync(exec)).Json.AsArray());
    }

    [Fact]
    public async Task A_killed_detached_command_takes_everything_it_started_with_it()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var exec = $"/api/v1/sandboxes/{sandbox}/exec";
        var started = await caller.PostAsync(exec, new { command = new[] { "sh", "-c", "(setsid sleep 601 &) ; sleep 602" }, detach = true });
        var one = $"{exec}/{started.Json["id"]}";
        await Eventually.TrueAsync(async () => await caller.ShellAsync(sandbox, "ps -o args | grep -cx 'sleep 60[12]'; true") == "2\n", "both programs");

        Assert.Equal(204, (await caller.DeleteAsync(one)).Status);

        await Eventually.TrueAsync(async () => (int?)(await caller.GetAsync(one)).Json["exitCode"] == 137, "its end");
        Assert.Equal("0\n", await caller.ShellAsync(sandbox, "ps -o args | grep -cx 'sleep 60[12]'; true"));
        Assert.Equal(204, (await caller.DeleteAsync(one)).Status);
    }

    [Fact]
    public async Task A_command_that_cannot_run_is_refused_with_a_code()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var exec = $"/api/v1/sandboxes/{sandbox}/exec";

        var late = await caller.PostAsync(exec, new { command = new[] { "sleep", "600" }, timeoutSeconds = 0.5 });
        Assert.Equal((504, "timeout"), (late.Status, late.Code));
        Assert.Equal("", await caller.ShellAsync(sandbox, "ps | grep '[s]leep 600'; true"));

        Assert.Equal((422, "command_not_found"), Told(await caller.PostAsync(exec, new { command = new[] { "no-such-command" } })));
        Assert.Equal((422, "command_not_executable"), Told(await caller.PostAsync(exec, new { command = new[] { "/etc/passwd" } })));
        foreach (var body in new[]
        {
            "{\"command\":[]}", "{\"command\":[\"\"]}", "{}", "{\"command\":\"ls\"}", "{\"command\":[null]}", "{\"command\":[\"a\\u0000b\"]}", "{\"command\":[\"ls\"],\"timeoutSeconds\":0}",
            "{\"command\":[\"ls\"],\"timeoutSeconds\":-1}", "{\"command\":[\"ls\"],\"timeoutSeconds\":1e9}", "{\"command\":[\"ls\"],\"root\":true}", "{\"command\":[\"ls\"],\"stdin\":7}",
        })
        {
            Assert.Equal((body, 400, "invalid"), (body, Told(await caller.PostAsync(exec, body)).Status, Told(await caller.PostAsync(exec, body)).Code));
        }

        Assert.Equal((413, "too_large"), Told(await caller.PostAsync(exec, new { command = new[] { "cat" }, stdin = new string('x', 2_000_000) })));
        Assert.Equal(415, (await caller.SendAsync(HttpMethod.Post, exec, new StringContent("command=ls"))).Status);
    }

    [Fact]
    public async Task A_sandbox_runs_a_bounded_number_of_commands_at_once_and_its_neighbour_does_not_notice()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        await using var neighbour = await Caller.NewGuestAsync();
        var (_, other) = await neighbour.LaunchAsync();

        var all = Enumerable.Range(0, 150).Select(_ => caller.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "sleep", "30" }, timeoutSeconds = 3 })).ToList();
        Assert.Equal("here\n", await neighbour.ShellAsync(other, "echo here"));
        var answers = await Task.WhenAll(all);
        Assert.All(answers, answer => Assert.True((answer.Status, answer.Code) is (504, "timeout") or (429, "quota"), answer.Text));
        Assert.Contains(answers, answer => answer.Status == 429);
        Assert.Equal("back\n", await caller.ShellAsync(sandbox, "echo back"));
    }

    private static (int Status, string Code) Told(Answer answer) => (answer.Status, answer.Code);
}
