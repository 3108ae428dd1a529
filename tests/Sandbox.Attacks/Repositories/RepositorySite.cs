using Sandbox.Daemon.Tests.Sandboxes;
using Sandbox.Web.Tests;
using Xunit;

namespace Sandbox.Attacks.Repositories;

/// <summary>The web process over the daemon of these tests, whose sandboxes trust the git host outside.</summary>
public sealed class RepositorySite(LinuxHost host) : IAsyncLifetime
{
    internal GitHost Git { get; private set; } = null!;

    internal WebUnderTest Web { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Git = await GitHost.StartAsync();
        await host.RestartAsync(options => options with { ExtraCaFile = Git.CaFile });
        Web = await WebUnderTest.StartAsync(
            new()
            {
                ["Repositories"] = new { Hosts = new[] { GitHost.Address }, Seconds = 10, DiskMiB = 32 },
                ["Limits"] = new { LaunchBurst = 1000, GuestBurst = 1000 },
            },
            ["debian"],
            ready: false,
            real: host.Runtime);
        using var client = Web.NewClient();
        while ((string?)(await client.GetAsync("/api/v1/images")).Json![0]!["state"] is not "ready" and var state)
        {
            Assert.NotEqual("failed", state);
            await Task.Delay(500);
        }

        Git.Commit("team/app.git", ("sandbox.yaml", "nodes:\n  - image: debian\n    env:\n      GREETING: hello\n"), ("README.md", "one\n"));
    }

    public async ValueTask DisposeAsync()
    {
        await Web.DisposeAsync();
        await Git.DisposeAsync();
        await host.RestartAsync(options => options with { ExtraCaFile = null });
    }
}
