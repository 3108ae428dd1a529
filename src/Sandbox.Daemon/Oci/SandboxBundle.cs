using System.Buffers;
using System.Text.Json;
using Sandbox.Core.Images;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Terminals;

namespace Sandbox.Daemon.Oci;

/// <summary>Who a process runs as, inside.</summary>
internal sealed record ProcessUser(uint Uid, uint Gid, IReadOnlyList<uint> AdditionalGids, string Home, string Name);

/// <summary>
/// Writes what the OCI runtime is told: <c>config.json</c> of a sandbox and <c>process.json</c> of each process in it.
/// This is the whole of a sandbox's isolation apart from its network; read it together with <c>Isolation/seccomp.json</c>.
/// https://github.com/opencontainers/runtime-spec/blob/main/config.md
/// </summary>
internal static class SandboxBundle
{
    private const string Init = "/dev/init"; // in /dev, a tmpfs of the sandbox's own, so that nothing of ours is in its files
    private const string InitProgram = "/usr/bin/catatonit";

    /// <summary>
    /// What root in a sandbox may do, in its own user namespace: own its files, serve low ports, ping. Not: make devices
    /// or mounts, configure networks, trace, load, log, or raise its own limits. Raw sockets are there for ping; packet
    /// sockets the system call filter refuses: who forges ARP fills the one neighbour table that the whole host has.
    /// </summary>
    private static readonly string[] Capabilities =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",
        "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
    ];

    /// <summary>What tells of the host or of its other users. Only those the host has: each is a mount.</summary>
    private static readonly string[] MaskedPaths =
    [
        .. ((string[])["/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/pressure",
            "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block", "/sys/devices/virtual/powercap",
            "/sys/firmware", "/sys/fs/selinux"]).Where(Path.Exists),
    ];

    private static readonly string[] ReadOnlyPaths =
        [.. ((string[])["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]).Where(Path.Exists)];

    private static readonly byte[] Seccomp = ReadResource("Sandbox.Daemon.Isolation.seccomp.json");

    /// <summary>Processes may open so many files, unless this process may open fewer: raising a limit takes a privilege not every host grants.</summary>
    private static readonly ulong OpenFiles = Math.Min(65_536, ResourceLimits.OpenFilesHard());

    /// <summary>The environment of every process: the image's, then the recipe's, and what programs expect to find.</summary>
    public static List<string> Environment(ImageConfig image, IReadOnlyDictionary<string, string> recipe, ProcessUser user, bool terminal)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
        if (terminal)
        {
            variables["TERM"] = "xterm-256color";
            variables["COLORTERM"] = "truecolor";

            // The page's terminal speaks UTF-8; without a word of it a shell shows what is typed as octal numbers.
            variables["LANG"] = "C.UTF-8";
        }

        foreach (var line in image.Env)
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                variables[line[..equals]] = line[(equals + 1)..];
            }
        }

        foreach (var (name, value) in recipe)
        {
            variables[name] = value;
        }

        variables.TryAdd("HOME", user.Home);
        return [.. variables.Select(variable => $"{variable.Key}={variable.Value}")];
    }

    /// <summary>Writes <c>process.json</c>.</summary>
    public static byte[] Process(IReadOnlyList<string> command, IReadOnlyList<string> environment, string workdir, ProcessUser user, bool terminal, int cols = 0, int rows = 0)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            WriteProcess(json, command, environment, workdir, user, terminal, cols, rows);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes <c>config.json</c>.</summary>
    /// <param name="spec">What to start.</param>
    /// <param name="root">Its mounted root.</param>
    /// <param name="group">Its control group.</param>
    /// <param name="userNamespace">A path to join.</param>
    /// <param name="networkNamespace">A path to join.</param>
    /// <param name="shells">The directory of scripts for its shells.</param>
    /// <param name="command">What init runs; null when it only holds the sandbox and reaps.</param>
    /// <param name="environment">Of that command.</param>
    /// <param name="workdir">Of that command.</param>
    /// <param name="user">Of that command.</param>
    public static byte[] Configuration(
        SandboxSpec spec,
        string root,
        string group,
        string userNamespace,
        string networkNamespace,
        string shells,
        IReadOnlyList<string>? command,
        IReadOnlyList<string> environment,
        string workdir,
        ProcessUser user)
    {
        var limits = ControlGroupTree.Clamp(spec.Limits, spec.OwnerLimits);
        var buffer = new ArrayBufferWriter<byte>(32 * 1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("ociVersion", "1.0.2");
            json.WriteString("hostname", spec.Name);
            json.WriteStartObject("root");
            json.WriteString("path", root);
            json.WriteEndObject();
            json.WritePropertyName("process");
            var init = command is null ? (string[])[Init, "-P"] : [Init, "--", .. command];
            WriteProcess(json, init, environment, workdir, user, terminal: false, 0, 0);
            WriteMounts(json, limits, shells);
            json.WriteStartObject("linux");
            json.WriteString("cgroupsPath", group);
            WriteNamespaces(json, userNamespace, networkNamespace);
            WriteResources(json, limits);
            WriteStrings(json, "maskedPaths", MaskedPaths);
            WriteStrings(json, "readonlyPaths", ReadOnlyPaths);
            json.WritePropertyName("seccomp");
            json.WriteRawValue(Seccomp, skipInputValidation: true);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteProcess(
        Utf8JsonWriter json,
        IReadOnlyList<string> command,
        IReadOnlyList<string> environment,
        string workdir,
        ProcessUser user,
        bool terminal,
        int cols,
        int rows)
    {
        json.WriteStartObject();
        json.WriteBoolean("terminal", terminal);
        if (terminal)
        {
            json.WriteStartObject("consoleSize");
            json.WriteNumber("height", rows);
            json.WriteNumber("width", cols);
            json.WriteEndObject();
        }

        json.WriteStartObject("user");
        json.WriteNumber("uid", user.Uid);
        json.WriteNumber("gid", user.Gid);
        json.WriteNumber("umask", 0b010_010); // 0022
        json.WriteStartArray("additionalGids");
        foreach (var gid in user.AdditionalGids)
        {
            json.WriteNumberValue(gid);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        WriteStrings(json, "args", command);
        WriteStrings(json, "env", environment);
        json.WriteString("cwd", workdir);
        json.WriteBoolean("noNewPrivileges", false); // sudo and ping are set-uid programs: they gain only what the sandbox's root has
        json.WriteStartObject("capabilities");
        WriteStrings(json, "bounding", Capabilities);
        WriteStrings(json, "permitted", Capabilities);
        WriteStrings(json, "effective", Capabilities);
        json.WriteEndObject();
        json.WriteStartArray("rlimits");
        WriteLimit(json, "RLIMIT_NOFILE", OpenFiles);
        WriteLimit(json, "RLIMIT_CORE", 0);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteLimit(Utf8JsonWriter json, string type, ulong value)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteNumber("soft", value);
        json.WriteNumber("hard", value);
        json.WriteEndObject();
    }

    private static void WriteMounts(Utf8JsonWriter json, SandboxLimits limits, string shells)
    {
        json.WriteStartArray("mounts");
        WriteMount(json, "proc", "/proc", "proc", ["nosuid", "noexec", "nodev"]);
        WriteMount(json, "tmpfs", "/dev", "tmpfs", ["nosuid", "noexec", "strictatime", "mode=755", "size=64k", "nr_inodes=256"]);
        WriteMount(json, "devpts", "/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]);
        // A tmpfs is charged to the sandbox's memory; its size keeps a file in it from being the reason of an OOM kill.
        WriteMount(json, "shm", "/dev/shm", "tmpfs", ["nosuid", "noexec", "nodev", "mode=1777", $"size={Math.Max(1 << 20, limits.MemoryBytes / 4)}", $"nr_inodes={Math.Min(limits.Inodes, 100_000)}"]);
        WriteMount(json, "mqueue", "/dev/mqueue", "mqueue", ["nosuid", "noexec", "nodev"]);
        WriteMount(json, "sysfs", "/sys", "sysfs", ["nosuid", "noexec", "nodev", "ro"]);
        WriteMount(json, "cgroup", "/sys/fs/cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]);
        WriteMount(json, InitProgram, Init, "bind", ["bind", "ro", "nosuid", "nodev"]);
        WriteMount(json, shells, ShellScripts.Mounted, "bind", ["bind", "ro", "nosuid", "nodev", "noexec"]);
        json.WriteEndArray();
    }

    private static void WriteMount(Utf8JsonWriter json, string source, string destination, string type, IReadOnlyList<string> options)
    {
        json.WriteStartObject();
        json.WriteString("source", source);
        json.WriteString("destination", destination);
        json.WriteString("type", type);
        WriteStrings(json, "options", options);
        json.WriteEndObject();
    }

    private static void WriteNamespaces(Utf8JsonWriter json, string userNamespace, string networkNamespace)
    {
        json.WriteStartArray("namespaces");
        foreach (var (type, path) in (ReadOnlySpan<(string, string?)>)[("user", userNamespace), ("network", networkNamespace), ("pid", null), ("mount", null), ("ipc", null), ("uts", null), ("cgroup", null)])
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            if (path is not null)
            {
                json.WriteString("path", path);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteResources(Utf8JsonWriter json, SandboxLimits limits)
    {
        json.WriteStartObject("resources");
        json.WriteStartArray("devices");
        json.WriteStartObject();
        json.WriteBoolean("allow", false);
        json.WriteString("access", "rwm");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("memory");
        json.WriteNumber("limit", limits.MemoryBytes);
        json.WriteNumber("swap", limits.MemoryBytes);
        if (ControlGroupTree.SocketMemoryOf(limits) is { } sockets)
        {
            json.WriteNumber("kernelTCP", sockets);
        }

        json.WriteEndObject();
        json.WriteStartObject("cpu");
        json.WriteNumber("quota", ControlGroupTree.QuotaOf(limits));
        json.WriteNumber("period", ControlGroupTree.Period);
        json.WriteEndObject();
        json.WriteStartObject("pids");
        json.WriteNumber("limit", ControlGroupTree.PidsOf(limits));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static byte[] ReadResource(string name)
    {
        using var stream = typeof(SandboxBundle).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not embedded");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
