using System.Diagnostics;
using System.Globalization;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Tests.Snapshots;

/// <summary>
/// A real dockerd with directories, a mount and a network namespace of its own, so that it shares nothing with a Docker
/// of the host. Builds get no network.
/// </summary>
internal sealed class DockerUnderTest : IAsyncDisposable
{
    private readonly Process _engine;
    private readonly Tool _tool;

    private DockerUnderTest(Process engine, Tool tool, string directory) => (_engine, _tool, Directory) = (engine, tool, directory);

    public string Directory { get; }

    public static async Task<DockerUnderTest> StartAsync(Tool tool, CancellationToken cancellationToken)
    {
        var directory = System.IO.Directory.CreateDirectory(Path.Combine("/var/tmp", "sandbox-docker-" + Guid.NewGuid().ToString("n", CultureInfo.InvariantCulture)[..8])).FullName;
        var engine = Process.Start(new ProcessStartInfo(
            "unshare",
            [
                "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-c",
                $"ip link set lo up; mount -t tmpfs tmpfs /run; exec catatonit -- dockerd --iptables=false --bridge=none --data-root {directory}/data --exec-root {directory}/exec --pidfile {directory}/pid -H unix://{directory}/docker.sock > {directory}/log 2>&1",
            ])
        { UseShellExecute = false })!;
        var docker = new DockerUnderTest(engine, tool, directory);
        for (var attempt = 0; !(await tool.RunAsync("/usr/bin/docker", ["-H", $"unix://{directory}/docker.sock", "version"], cancellationToken: cancellationToken)).Ok; attempt++)
        {
            if (attempt == 1200 || engine.HasExited)
            {
                var log = await File.ReadAllTextAsync(Path.Combine(directory, "log"), cancellationToken);
                await docker.DisposeAsync();
                throw new InvalidOperationException($"dockerd does not answer: {log}");
            }

            await Task.Delay(100, cancellationToken);
        }

        return docker;
    }

    /// <summary>Runs a docker command.</summary>
    public async Task<string> RunAsync(CancellationToken cancellationToken, params string[] arguments) =>
        (await _tool.RunOrThrowAsync("/usr/bin/docker", ["-H", $"unix://{Directory}/docker.sock", .. arguments], cancellationToken: cancellationToken)).Text;

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Directory, "pid")))
        {
            // Its namespaces, and with them its mounts, end with the first process in them.
            foreach (var child in await File.ReadAllLinesAsync($"/proc/{_engine.Id}/task/{_engine.Id}/children"))
            {
                await _tool.RunAsync("kill", ["-TERM", .. child.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
            }

            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
            try
            {
                await _engine.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                // Killed below.
            }
        }

        if (!_engine.HasExited)
        {
            _engine.Kill(entireProcessTree: true);
            await _engine.WaitForExitAsync();
        }

        _engine.Dispose();
        await _tool.RunAsync("rm", ["-rf", "--one-file-system", Directory]);
    }
}
