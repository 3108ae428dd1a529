using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>Clients on somebody's own computer, which know nothing of playgrounds, through the program that the site offers.</summary>
public sealed class TunnelTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dockers_own_client_drives_the_daemon_of_a_playground()
    {
        await using var caller = await Caller.NewGuestAsync();
        await DockerTests.UntilReadyAsync(caller);
        var (playground, sandbox) = await caller.LaunchAsync(new { image = "docker" });
        var token = (string)(await caller.PostAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens")).Json["token"]!;
        using var computer = await Computer.StartAsync(caller, token, sandbox, "docker", "0:8080");

        await computer.DockerAsync("", "context", "create", "play", "--docker", $"host=unix://{computer.Home}/.sandbox/{sandbox}.sock");
        Assert.Equal("stdin 4\n", await computer.DockerAsync("a b\nc d\n", "--context", "play", "run", "-i", "--name", "first", "busybox", "sh", "-c", "echo stdin $(wc -w)"));
        await computer.DockerAsync("", "--context", "play", "run", "-d", "--name", "second", "busybox", "sh", "-c", "while echo tick; do sleep 0.1; done");
        using (var logs = computer.Start("--context", "play", "logs", "-f", "second"))
        {
            Assert.Equal("tick", await logs.StandardOutput.ReadLineAsync(Cancellation));
            Assert.Equal("tick", await logs.StandardOutput.ReadLineAsync(Cancellation));
            logs.Kill();
        }

        Assert.Equal("/dev/pts/0\r\n", await computer.DockerAsync("", "--context", "play", "exec", "-t", "second", "tty"));

        var context = Directory.CreateDirectory(Path.Combine(computer.Home, "context")).FullName;
        await File.WriteAllTextAsync(Path.Combine(context, "Dockerfile"), "FROM busybox\nCOPY file /file\nRUN wc -c /file\n", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(context, "file"), new string('x', 1_000_000), Cancellation);
        Assert.Contains("1000000 /file\n", await computer.DockerAsync("", "--context", "play", "build", context), StringComparison.Ordinal);

        // A server that only the sandbox itself reaches.
        await caller.ShellAsync(sandbox, "mkdir /www; echo 'from inside' > /www/index.html; busybox httpd -p 127.0.0.1:8080 -h /www");
        using var http = new HttpClient();
        Assert.Equal("from inside\n", await http.GetStringAsync(new Uri($"http://127.0.0.1:{computer.Port}/"), Cancellation));

        await caller.DeleteAsync($"/api/v1/playgrounds/{playground}");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => http.GetStringAsync(new Uri($"http://127.0.0.1:{computer.Port}/"), Cancellation));

        // The playground, if a connection was open that it cut; else the sandbox, to the one that came after.
        Assert.Contains("has ended", await computer.EndAsync(), StringComparison.Ordinal);
    }

    /// <summary>A computer elsewhere: the site's program runs on it, and a Docker client with settings of its own.</summary>
    private sealed class Computer : IDisposable
    {
        private readonly Process _tunnel;
        private readonly StringBuilder _said = new();

        private Computer(string home, Process tunnel) => (Home, _tunnel) = (home, tunnel);

        public string Home { get; }

        /// <summary>Where the first port is.</summary>
        public int Port { get; private set; }

        public static async Task<Computer> StartAsync(Caller caller, string token, string sandbox, params IEnumerable<string> targets)
        {
            var home = Directory.CreateTempSubdirectory("computer-").FullName;
            var program = Path.Combine(home, "sandbox-tunnel.py");
            await File.WriteAllBytesAsync(program, (await caller.GetAsync("/sandbox-tunnel.py")).Body, Cancellation);
            var file = Path.Combine(home, "token");
            await File.WriteAllTextAsync(file, token + "\n", Cancellation);
            var start = new ProcessStartInfo("python3", [program, $"{Instance.Url}api/v1/sandboxes/{sandbox}", .. targets, "--token-file", file]) { RedirectStandardError = true, UseShellExecute = false };
            start.Environment["HOME"] = home;
            var computer = new Computer(home, Process.Start(start)!);
            while (await computer._tunnel.StandardError.ReadLineAsync(Cancellation) is { } line && !line.Contains("Ready.", StringComparison.Ordinal))
            {
                computer._said.AppendLine(line);
                if (line.Split(" is at 127.0.0.1:") is [_, var port])
                {
                    computer.Port = int.Parse(port, CultureInfo.InvariantCulture);
                }
            }

            Assert.True(computer.Port > 0, computer._said.ToString());
            return computer;
        }

        public Process Start(params IEnumerable<string> arguments)
        {
            var start = new ProcessStartInfo("docker", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            start.Environment["HOME"] = Home;
            start.Environment["DOCKER_BUILDKIT"] = "0"; // its own builder is a plugin that need not be there
            return Process.Start(start)!;
        }

        public async Task<string> DockerAsync(string input, params IEnumerable<string> arguments)
        {
            using var docker = Start(arguments);
            await docker.StandardInput.WriteAsync(input);
            docker.StandardInput.Close();
            var errors = docker.StandardError.ReadToEndAsync(Cancellation);
            var output = await docker.StandardOutput.ReadToEndAsync(Cancellation);
            await docker.WaitForExitAsync(Cancellation);
            Assert.True(docker.ExitCode == 0, await errors + _said);
            return output;
        }

        /// <summary>What the program says, once it has ended by itself.</summary>
        public async Task<string> EndAsync()
        {
            var said = await _tunnel.StandardError.ReadToEndAsync(Cancellation);
            await _tunnel.WaitForExitAsync(Cancellation);
            Assert.Equal(1, _tunnel.ExitCode);
            return said;
        }

        public void Dispose()
        {
            _tunnel.Kill();
            _tunnel.Dispose();
            Directory.Delete(Home, recursive: true);
        }
    }
}
