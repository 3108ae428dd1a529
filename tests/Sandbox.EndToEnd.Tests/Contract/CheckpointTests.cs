using System.Text;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>Runs of tutorials that go back, and on elsewhere, in real sandboxes.</summary>
public sealed class CheckpointTests
{
    [Fact]
    public async Task A_step_is_reset_with_its_files_and_the_directory_of_its_terminal()
    {
        await using var visitor = await Caller.NewGuestAsync();
        var (playground, sandbox) = await visitor.LaunchAsync(new { tutorial = "linux-shell" });
        await using var hub = await visitor.ConnectAsync();
        var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, null);
        await visitor.PostAsync(At(playground, 1, "enter"));
        await visitor.PostAsync(At(playground, 1, "solve"));
        await hub.InvokeAsync("Input", terminal, Encoding.UTF8.GetBytes("cd ~/practice; pwd > /tmp/where\r"));
        await Eventually.TrueAsync(async () => await visitor.ShellAsync(sandbox, "cat /tmp/where 2>/dev/null") == "/root/practice\n", "the shell to be in the directory");
        Assert.True((bool?)(await visitor.PostAsync(At(playground, 1, "check"))).Json["passed"]);

        await visitor.PostAsync(At(playground, 2, "enter"));
        await visitor.ShellAsync(sandbox, "echo spoiled > /root/practice/greeting.txt; rm -rf /etc/apt");
        var reset = await visitor.PostAsync(At(playground, 2, "reset"));
        Assert.True(reset.Status == 200, reset.Text);
        var next = (string)reset.Json["playground"]!["id"]!;
        Assert.Equal(2, (int?)reset.Json["run"]!["current"]);
        var copy = (string)(await visitor.GetAsync($"/api/v1/playgrounds/{next}")).Json["sandboxes"]![0]!["id"]!;
        Assert.Equal("practice\n\napt\n", await visitor.ShellAsync(copy, "ls /root; ls /root/practice; echo; ls -d /etc/apt | xargs basename"));
        Assert.Contains("cd '/root/practice'", (await visitor.GetAsync($"/api/v1/playgrounds/{next}/terminals")).Text.Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal("ended", (string?)(await visitor.GetAsync($"/api/v1/playgrounds/{playground}")).Json["state"]);

        // On another device, from the checkpoint.
        await using var other = await Caller.NewGuestAsync();
        var resumed = await other.PostAsync("/api/v1/tutorials/resume", new { code = (string)reset.Json["run"]!["resumeCode"]! });
        Assert.True(resumed.Status == 200, resumed.Text);
        Assert.Equal(2, (int?)resumed.Json["run"]!["current"]);
        var theirs = (string)resumed.Json["playground"]!["id"]!;
        Assert.False((bool?)(await other.PostAsync(At(theirs, 2, "check"))).Json["passed"]);
        await other.DeleteAsync($"/api/v1/playgrounds/{theirs}");
        await visitor.DeleteAsync($"/api/v1/playgrounds/{next}");
    }

    private static string At(string playground, int page, string action) => $"/api/v1/playgrounds/{playground}/tutorial/steps/{page}/{action}";
}
