using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Xunit;

namespace Sandbox.Tty.Tests;

/// <summary>The published program, and one sandbox of busybox that crun runs, in which terminals are opened.</summary>
public sealed class HolderFixture : IAsyncLifetime
{
    /// <summary>Whom the holder becomes: nobody.</summary>
    public const int OwnUid = 65534;

    // crun refuses hybrid cgroups; in a mount namespace that shows only the v1 controllers it starts.
    private const string Crun = """
        #!/bin/sh
        exec unshare --mount --propagation private /bin/sh -c '
        tree=$(dirname "$0")/cgroup
        if grep -q " /sys/fs/cgroup/unified cgroup2 " /proc/mounts; then
          mkdir -p "$tree" && mount -t tmpfs none "$tree" || exit 1
          for controller in /sys/fs/cgroup/*; do
            name=${controller##*/}
            [ "$name" = unified ] && continue
            if [ -L "$controller" ]; then cp -P "$controller" "$tree/$name"
            else mkdir "$tree/$name" && mount --bind "$controller" "$tree/$name"; fi
          done
          mount --move "$tree" /sys/fs/cgroup
        fi
        exec crun --root "$(dirname "$0")/crun" "$@"' "$0" "$@"
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("tty").FullName;
    private int _count;

    public string Program { get; private set; } = "";

    public string Runtime => Path.Combine(_directory, "runtime");

    public string SandboxName { get; } = "tty-" + Guid.NewGuid().ToString("N")[..8];

    public string RootFs => Path.Combine(_directory, "bundle", "rootfs");

    public async ValueTask InitializeAsync()
    {
        Program = Environment.GetEnvironmentVariable("SANDBOX_TTY") ?? await PublishAsync();
        File.SetUnixFileMode(_directory, (UnixFileMode)0x1C9);
        await File.WriteAllTextAsync(Runtime, Crun);
        File.SetUnixFileMode(Runtime, (UnixFileMode)0x1C0);
        Directory.CreateDirectory(Path.Combine(_directory, "sockets"));
        await RunAsync("chown", OwnUid.ToString(CultureInfo.InvariantCulture), Path.Combine(_directory, "sockets"));
        foreach (var directory in (string[])["bin", "dev", "proc", "sys", "tmp"])
        {
            Directory.CreateDirectory(Path.Combine(RootFs, directory));
        }

        // The host's own programs, among them the shells that are none of busybox.
        foreach (var directory in (string[])["usr", "etc", "root", "dev/shell"])
        {
            Directory.CreateDirectory(Path.Combine(RootFs, directory));
        }

        File.CreateSymbolicLink(Path.Combine(RootFs, "lib"), "usr/lib");
        File.CreateSymbolicLink(Path.Combine(RootFs, "lib64"), "usr/lib64");
        File.Copy("/bin/busybox", Path.Combine(RootFs, "bin/busybox"));
        foreach (var applet in (string[])["sh", "ash", "cat", "env", "printf", "rm", "seq", "sleep", "stty", "touch", "yes"])
        {
            File.CreateSymbolicLink(Path.Combine(RootFs, "bin", applet), "busybox");
        }

        await File.WriteAllTextAsync(Path.Combine(RootFs, "bin/plain"), "no program");
        await WriteConfigAsync();
        await RunAsync(Runtime, "run", "--detach", "--bundle", Path.Combine(_directory, "bundle"), SandboxName);
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync(Runtime, "delete", "--force", SandboxName);
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A path no terminal uses yet.</summary>
    public string NewSocket() =>
        Path.Combine(_directory, "sockets", Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture));

    /// <summary>The command line that opens a terminal.</summary>
    public async Task<string[]> ArgumentsAsync(string socket, string[] command, string? sandbox = null, int client = 0, string? nonce = null, string[]? environment = null)
    {
        var process = $"{_directory}/process-{Path.GetFileName(socket)}.json";
        await File.WriteAllTextAsync(process, ProcessJson(command, terminal: true, environment).ToJsonString());
        return
        [
            socket, client.ToString(CultureInfo.InvariantCulture), $"{OwnUid}", $"{OwnUid}", "80", "24", .. nonce is null ? [] : (string[])[nonce], "--",
            Runtime, "exec", "--detach", "--tty", "--console-socket", "{console}", "--pid-file", "{pid}", .. nonce is null ? [] : (string[])["--preserve-fds", "1"],
            "--process", process, sandbox ?? SandboxName,
        ];
    }

    private static JsonObject ProcessJson(string[] command, bool terminal, string[]? environment = null) => new()
    {
        ["terminal"] = terminal,
        ["cwd"] = "/",
        ["args"] = new JsonArray([.. command.Select(word => JsonValue.Create(word))]),
        ["env"] = new JsonArray([.. (environment ?? ["PATH=/bin", "TERM=xterm", "PS1=$ "]).Select(line => JsonValue.Create(line))]),
        ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
    };

    private async Task WriteConfigAsync()
    {
        static JsonObject Mount(string type, string at, params string[] options) => new()
        {
            ["destination"] = at,
            ["type"] = type,
            ["source"] = type,
            ["options"] = new JsonArray([.. options.Select(option => JsonValue.Create(option))]),
        };

        static JsonObject Bind(string source, string at)
        {
            var mount = Mount("bind", at, "bind", "ro");
            mount["source"] = source;
            return mount;
        }

        var config = new JsonObject
        {
            ["ociVersion"] = "1.0.2",
            ["process"] = ProcessJson(["/bin/sleep", "3600"], terminal: false),
            ["root"] = new JsonObject { ["path"] = "rootfs" },
            ["mounts"] = new JsonArray(
                Mount("proc", "/proc"),
                Mount("tmpfs", "/dev", "nosuid", "mode=755"),
                Mount("devpts", "/dev/pts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
                Bind("/usr", "/usr"),
                Bind("/etc", "/etc"),
                Bind(Path.Combine(SourceRoot(), "src/Sandbox.Daemon/Terminals/Shells"), "/dev/shell")),
            ["linux"] = new JsonObject
            {
                ["namespaces"] = new JsonArray(
                    new JsonObject { ["type"] = "pid" },
                    new JsonObject { ["type"] = "mount" },
                    new JsonObject { ["type"] = "ipc" },
                    new JsonObject { ["type"] = "uts" }),
            },
        };
        await File.WriteAllTextAsync(Path.Combine(_directory, "bundle", "config.json"), config.ToJsonString());
    }

    private static string SourceRoot()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Sandbox.sln")))
        {
            root = root.Parent ?? throw new InvalidOperationException("the sources are not above the test program");
        }

        return root.FullName;
    }

    private async Task<string> PublishAsync()
    {
        var output = Path.Combine(_directory, "program");
        await RunAsync(
            "dotnet", "publish", Path.Combine(SourceRoot(), "src/Sandbox.Tty"), "--configuration", "Release",
            "--runtime", "linux-x64", "--output", output, "--artifacts-path", Path.Combine(_directory, "artifacts"));
        return Path.Combine(output, "sandbox-tty");
    }

    // Output goes to a file: what stays running has it open, and a pipe would never end.
    private async Task RunAsync(string program, params string[] arguments)
    {
        var log = Path.Combine(_directory, "log");
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", log, program, .. arguments]);
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {arguments[0]}: {await File.ReadAllTextAsync(log)}");
    }
}
