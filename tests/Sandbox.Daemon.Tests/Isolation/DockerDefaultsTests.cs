using System.Text.Json.Nodes;
using Sandbox.Daemon.Isolation;
using Xunit;

namespace Sandbox.Daemon.Tests.Isolation;

/// <summary>Holds the class <c>container</c> beside Docker 28's defaults: a difference has a rule whose comment says why.</summary>
public sealed class DockerDefaultsTests
{
    private static readonly JsonArray Rules = JsonNode.Parse(Resource("Container.seccomp.json"))!["syscalls"]!.AsArray();

    private static readonly HashSet<string> Docker = [.. Resource("docker-28.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    private static readonly IsolationClass Container = IsolationClasses.Find("container");

    [Fact]
    public void Every_call_that_docker_allows_is_allowed_or_has_a_reason()
    {
        Assert.Empty(Docker.Except([.. NamesOf(Allows), .. NamesOf(HasReason)]));
        Assert.Empty(NamesOf(rule => !Allows(rule) && !HasReason(rule)).Intersect(Docker).Except(NamesOf(HasReason)));
    }

    [Fact]
    public void Every_call_that_docker_refuses_is_refused_or_has_a_reason() =>
        Assert.Empty(NamesOf(Allows).Except([.. Docker, .. NamesOf(HasReason)]));

    [Fact]
    public void The_filter_knows_the_architectures_that_a_processor_runs() =>
        Assert.Equal(
            ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
            JsonNode.Parse(Container.Seccomp.Span)!["architectures"]!.AsArray().Select(name => (string?)name));

    [Fact]
    public void Settings_and_masks_of_docker_are_there()
    {
        Assert.Equal(["net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range"], Container.Settings.Keys.Order(StringComparer.Ordinal));
        Assert.Empty(
            new[]
            {
                "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
                "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
            }.Except(Container.MaskedPaths));
        Assert.Empty(
            new[] { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" }.Except([.. Container.ReadOnlyPaths, .. Container.MaskedPaths]));
    }

    private static IEnumerable<string> NamesOf(Func<JsonNode, bool> condition) =>
        Rules.Where(rule => condition(rule!)).SelectMany(rule => rule!["names"]!.AsArray().Select(name => (string)name!)).Distinct();

    private static bool Allows(JsonNode rule) => (string?)rule["action"] == "SCMP_ACT_ALLOW";

    private static bool HasReason(JsonNode rule) => ((string?)rule["comment"])?.Contains("Docker", StringComparison.Ordinal) == true;

    private static string Resource(string name)
    {
        var assembly = name.EndsWith(".txt", StringComparison.Ordinal) ? typeof(DockerDefaultsTests).Assembly : typeof(IsolationClass).Assembly;
        using var stream = assembly.GetManifestResourceStream(assembly.GetManifestResourceNames().Single(known => known.EndsWith(name, StringComparison.Ordinal)))!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
