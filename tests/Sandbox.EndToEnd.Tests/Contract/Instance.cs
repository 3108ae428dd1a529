using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>The instance under test, as infra/test started it: its address, and the directory that holds everything of it.</summary>
internal static class Instance
{
    public static Uri Url { get; } = new(Required("SANDBOX_URL"));

    public static string ControlSocket => Path.Combine(Home, "run/control.sock");

    public static string RecordOf(string sandbox) => Path.Combine(Home, "data/runtime/sandboxes", sandbox);

    public static string RecordingOf(string recording) => Path.Combine(Home, "data/web/recordings", recording + ".cast");

    public static string LogOf(string process) => Path.Combine(Home, "log", process, "current");

    /// <summary>The directory that holds everything of the instance.</summary>
    public static string Home { get; } = Required("SANDBOX_HOME");

    /// <summary>What the names of its links, groups and tables begin with.</summary>
    public static string Name { get; } = Setting("Instance").GetString()!;

    /// <summary>The first user id of its sandboxes.</summary>
    public static long UidBase { get; } = Setting("UidBase").GetInt64();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A fresh one-time link, printed as an operator would print it on the host.</summary>
    public static async Task<Uri> NewAdminLinkAsync()
    {
        var script = $"set -a; . {Home}/etc/environment; cd {Home}/lib/web; HOME={Home}/data/web exec setpriv --reuid=sandbox-web --regid=sandbox-web --clear-groups "
            + $"{Home}/lib/web/Sandbox.Web --config {Home}/etc/web.json --admin-link";
        var output = await RunAsync("sh", "-c", script);
        return new Uri(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
    }

    /// <summary>Sends the supervisor of web or daemon a command: up, down, or restart.</summary>
    public static Task SuperviseAsync(string command, string process) =>
        Directory.Exists("/run/systemd/system")
            ? RunAsync("systemctl", command switch { "up" => "start", "down" => "stop", _ => "restart" }, $"sandbox-{process}-{Name}.service")
            : RunAsync("sv", "-w", "20", command == "restart" ? "force-restart" : command == "down" ? "force-stop" : "start", $"{Home}/run/service/{process}");

    /// <summary>Waits until the web process is ready.</summary>
    public static async Task ReadyAsync()
    {
        await using var caller = new Caller();
        await UntilAsync(async () =>
        {
            try
            {
                return (await caller.GetAsync("/readyz")).Status == 200;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, int seconds = 60)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(seconds), "it did not come true in time");
            await Task.Delay(100, Token);
        }
    }

    /// <summary>Kills a process with SIGKILL.</summary>
    public static async Task KillAsync(string process)
    {
        var pid = await PidAsync(process);
        await RunAsync("kill", "-9", pid.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Bytes of memory that a process has now.</summary>
    public static async Task<long> MemoryAsync(string process)
    {
        var pid = await PidAsync(process);
        var line = (await File.ReadAllLinesAsync($"/proc/{pid}/status", Token)).Single(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    public static async Task<int> PidAsync(string process) =>
        await FindPidAsync(process) ?? throw new InvalidOperationException($"{process} does not run");

    /// <summary>The process of a service; null while it does not run.</summary>
    public static async Task<int?> FindPidAsync(string process)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "infra/status")))
        {
            root = root.Parent ?? throw new InvalidOperationException("infra/status stands nowhere above the tests");
        }

        using var status = JsonDocument.Parse(await RunAsync(Path.Combine(root.FullName, "infra/status"), "--json"));
        return status.RootElement.GetProperty(process).GetProperty("pid") is { ValueKind: JsonValueKind.Number } pid ? pid.GetInt32() : null;
    }

    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var complaints = process.StandardError.ReadToEndAsync(Token);
        var output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        var errors = await complaints;
        Assert.True(process.ExitCode == 0, string.Create(CultureInfo.InvariantCulture, $"{program} ended with {process.ExitCode}: {errors}"));
        return output;
    }

    private static JsonElement Setting(string name)
    {
        using var settings = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Home, "etc/daemon.json")));
        return settings.RootElement.GetProperty("Sandbox").GetProperty(name).Clone();
    }

    private static string Required(string variable) =>
        Environment.GetEnvironmentVariable(variable) ?? throw new InvalidOperationException($"{variable} is not set: run infra/test, which starts an instance first");
}
