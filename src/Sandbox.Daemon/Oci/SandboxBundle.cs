using System.Buffers;
using System.Text.Json;
using Sandbox.Core.Quotas;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;

namespace Sandbox.Daemon.Oci;

/// <summary>
/// Writes the files that the OCI runtime reads: <c>config.json</c> of a sandbox and <c>process.json</c> of each process
/// in it. https://github.com/opencontainers/runtime-spec/blob/main/config.md
/// </summary>
internal static class SandboxBundle
{
    private const string InitProgram = "/usr/bin/catatonit";
    private const string OwnInit = "/dev/own-init";

    private static readonly string[] InitOptions = ["bind", "ro", "nosuid", "nodev"];

    /// <summary>In <c>/dev</c>, a tmpfs of the sandbox's own, so that none of its files is ours.</summary>
    public static SandboxMount InitMount { get; } = new(InitProgram, "/dev/init", "bind", InitOptions);

    /// <summary>Writes <c>process.json</c>.</summary>
    public static byte[] Process(IsolationClass isolation, ProcessPlan plan)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            WriteProcess(json, isolation, plan);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes <c>config.json</c>.</summary>
    public static byte[] Configuration(BundlePlan plan)
    {
        var isolation = plan.Isolation;
        var buffer = new ArrayBufferWriter<byte>(32 * 1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("ociVersion", "1.0.2");
            json.WriteString("hostname", plan.HostName);
            json.WriteStartObject("root");
            json.WriteString("path", plan.Root);
            json.WriteEndObject();
            json.WritePropertyName("process");
            WriteProcess(json, isolation, plan.Init.Command.Count > 0 ? plan.Init : plan.Init with { Command = [InitMount.Destination, "-P"] });
            json.WriteStartArray("mounts");
            foreach (var mount in MountsOf(plan))
            {
                WriteMount(json, mount);
            }

            json.WriteEndArray();
            if (plan.CompiledFilter is { } filter)
            {
                json.WriteStartObject("annotations");
                json.WriteString("run.oci.seccomp_bpf_data", filter);
                json.WriteEndObject();
            }

            json.WriteStartObject("linux");
            json.WriteString("cgroupsPath", plan.ControlGroup);
            WriteNamespaces(json, plan);
            WriteResources(json, plan.Limits, plan.ReadRate);
            json.WriteStartObject("sysctl");
            foreach (var (name, value) in isolation.Settings)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
            WriteStrings(json, "maskedPaths", isolation.MaskedPaths);
            WriteStrings(json, "readonlyPaths", isolation.ReadOnlyPaths);
            json.WritePropertyName("seccomp");
            json.WriteRawValue(isolation.Seccomp.Span, skipInputValidation: true);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>All mounts over the root, in their order.</summary>
    public static IEnumerable<SandboxMount> MountsOf(BundlePlan plan) =>
        [.. plan.Isolation.Mounts(plan.Limits), .. plan.Isolation.ControlGroup is { } group ? [group] : (SandboxMount[])[], InitMount with { Source = plan.InitSource }, .. plan.Mounts];

    /// <summary>A command as a child of an init of its own, which adopts everything that the command starts.</summary>
    public static IReadOnlyList<string> BelowInit(IReadOnlyList<string> command) => [InitMount.Destination, "--", .. command];

    /// <summary>An image's own command as a child of <c>sandbox-init</c>, which says on a descriptor how it is, and stays when it has ended.</summary>
    public static IReadOnlyList<string> BelowOwnInit(int reports, IReadOnlyList<string> command) =>
        [OwnInit, reports.ToString(System.Globalization.CultureInfo.InvariantCulture), "--", .. command];

    /// <summary>
    /// A command in a sandbox with a kernel that knows no subreapers and a runtime that passes no descriptors on:
    /// <c>sandbox-init</c> gives it its nonce, and becomes it.
    /// </summary>
    public static IReadOnlyList<string> Become(IReadOnlyList<string> command) => [OwnInit, "exec", "--", .. command];

    /// <summary>The command that lists the TCP sockets of a sandbox, as in /proc/net/tcp.</summary>
    public static IReadOnlyList<string> ListSockets { get; } = [OwnInit, "sockets"];

    /// <summary>The command that prints the version of a sandbox's kernel.</summary>
    public static IReadOnlyList<string> PrintKernel { get; } = [OwnInit, "kernel"];

    /// <summary>The command that connects what comes with messages on its input to ports of a sandbox.</summary>
    public static IReadOnlyList<string> Relay { get; } = [OwnInit, "relay"];

    /// <summary>The command that prints in which directories processes are.</summary>
    public static IReadOnlyList<string> Directories(IEnumerable<int> processes) =>
        [OwnInit, "directories", .. processes.Select(process => process.ToString(System.Globalization.CultureInfo.InvariantCulture))];

    /// <summary>The command that sends a signal to a process of a sandbox and to everything below it.</summary>
    public static IReadOnlyList<string> Signal(int process, int signal) =>
        [OwnInit, "signal", process.ToString(System.Globalization.CultureInfo.InvariantCulture), signal.ToString(System.Globalization.CultureInfo.InvariantCulture)];

    /// <summary>The mount of <c>sandbox-init</c>.</summary>
    public static SandboxMount OwnInitMount(string program) => new(program, OwnInit, "bind", InitOptions);

    private static void WriteProcess(Utf8JsonWriter json, IsolationClass isolation, ProcessPlan plan)
    {
        json.WriteStartObject();
        json.WriteBoolean("terminal", plan.Terminal is not null);
        if (plan.Terminal is { } size)
        {
            json.WriteStartObject("consoleSize");
            json.WriteNumber("height", size.Rows);
            json.WriteNumber("width", size.Cols);
            json.WriteEndObject();
        }

        json.WriteStartObject("user");
        json.WriteNumber("uid", plan.User.Uid);
        json.WriteNumber("gid", plan.User.Gid);
        json.WriteNumber("umask", 0b010_010); // 0022
        json.WriteStartArray("additionalGids");
        foreach (var gid in plan.User.AdditionalGids)
        {
            json.WriteNumberValue(gid);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        WriteStrings(json, "args", plan.Command);
        WriteStrings(json, "env", plan.Environment);
        json.WriteString("cwd", plan.Workdir);
        json.WriteBoolean("noNewPrivileges", false); // sudo and ping are set-uid programs: they gain only what the sandbox's root has
        json.WriteStartObject("capabilities");
        WriteStrings(json, "bounding", isolation.Capabilities);
        WriteStrings(json, "permitted", isolation.Capabilities);
        WriteStrings(json, "effective", isolation.Capabilities);
        json.WriteEndObject();
        json.WriteStartArray("rlimits");
        foreach (var limit in isolation.ProcessLimits)
        {
            json.WriteStartObject();
            json.WriteString("type", limit.Type);
            json.WriteNumber("soft", limit.Value);
            json.WriteNumber("hard", limit.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMount(Utf8JsonWriter json, SandboxMount mount)
    {
        json.WriteStartObject();
        json.WriteString("source", mount.Source);
        json.WriteString("destination", mount.Destination);
        json.WriteString("type", mount.Type);
        WriteStrings(json, "options", mount.Options);
        json.WriteEndObject();
    }

    private static void WriteNamespaces(Utf8JsonWriter json, BundlePlan plan)
    {
        json.WriteStartArray("namespaces");
        var all = new List<(string, string?)> { ("network", plan.NetworkNamespace), ("pid", null), ("mount", null), ("ipc", null), ("uts", null) };
        if (plan.UserNamespace is { } user)
        {
            all.InsertRange(0, [("user", user), ("cgroup", null)]);
        }

        foreach (var (type, path) in all)
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

    private static void WriteResources(Utf8JsonWriter json, SandboxLimits limits, DiskReadRate? reads)
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
        if (reads is not null)
        {
            json.WriteStartObject("blockIO");
            WriteRate(json, "throttleReadBpsDevice", reads, reads.BytesPerSecond);
            WriteRate(json, "throttleReadIOPSDevice", reads, reads.PerSecond);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteRate(Utf8JsonWriter json, string name, DiskReadRate reads, long rate)
    {
        if (rate > 0)
        {
            json.WriteStartArray(name);
            json.WriteStartObject();
            json.WriteNumber("major", reads.Major);
            json.WriteNumber("minor", reads.Minor);
            json.WriteNumber("rate", rate);
            json.WriteEndObject();
            json.WriteEndArray();
        }
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
}
