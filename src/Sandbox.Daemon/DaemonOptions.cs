using System.Net;
using System.Net.Sockets;
using Sandbox.Core.Quotas;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.Sandboxes;

namespace Sandbox.Daemon;

/// <summary>
/// What an operator may set: section <c>Sandbox</c> of <c>/etc/sandbox/daemon.json</c>, or <c>--Sandbox:Name=value</c>.
/// Two daemons live on one host when <see cref="DataDirectory"/>, <see cref="RegistryDirectory"/>, <see cref="OwnRegistryDirectory"/>, <see cref="RunDirectory"/>,
/// <see cref="Instance"/>, <see cref="UidBase"/> and <see cref="AddressPool"/> differ; the tests do just that.
/// </summary>
internal sealed record DaemonOptions
{
    /// <summary>Images and sandboxes, root's alone.</summary>
    public string DataDirectory { get; init; } = "/var/lib/sandbox/runtime";

    /// <summary>The files of the sandboxes' registry, which reads them as an account of its own. On the disk of <see cref="DataDirectory"/> they take no room.</summary>
    public string RegistryDirectory { get; init; } = "/var/lib/sandbox/registry";

    /// <summary>The same for the registry of people's own images, which the web process alone reaches.</summary>
    public string OwnRegistryDirectory { get; init; } = "/var/lib/sandbox/registry-own";

    /// <summary>Sockets, namespaces and mounts; empty after a reboot.</summary>
    public string RunDirectory { get; init; } = "/run/sandbox";

    /// <summary>The image recipes, installed from <c>infra/images/</c>. Only root may write there, because the scripts are run.</summary>
    public string RecipeDirectory { get; init; } = "/usr/local/lib/sandbox/images";

    /// <summary>The program that holds a terminal.</summary>
    public string TtyProgram { get; init; } = "/usr/local/lib/sandbox/tty/sandbox-tty";

    /// <summary>The init of sandboxes whose image has a command; installed beside <see cref="TtyProgram"/>, which reads its reports.</summary>
    public string InitProgram => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(TtyProgram))!, "sandbox-init");

    /// <summary>The account of the web process: beside root, the only one that may connect.</summary>
    public string WebUser { get; init; } = "sandbox-web";

    /// <summary>The account that a terminal's holder switches to once started.</summary>
    public string TtyUser { get; init; } = "sandbox-tty";

    /// <summary>At most three letters that begin the names of this daemon's links, and name its cgroup and nft table.</summary>
    public string Instance { get; init; } = "sb";

    /// <summary>The first uid of the first range.</summary>
    public uint UidBase { get; init; } = 1_879_048_192;

    /// <summary>How many ranges of 65,536 uids there are: how many sandboxes fit.</summary>
    public int UidRanges { get; init; } = 4000;

    /// <summary>The pool of the playgrounds' /28 networks. Its last /28 has the resolver and the registry.</summary>
    public string AddressPool { get; init; } = "100.64.0.0/10";

    /// <summary>Prefixes refused on top of the special-purpose ones and those the host has on-link.</summary>
    public IReadOnlyList<string> RefusedPrefixes { get; init; } = [];

    /// <summary>Exceptions from the refused prefixes, such as a package mirror in the operator's own net.</summary>
    public IReadOnlyList<string> AllowedDestinations { get; init; } = [];

    /// <summary>The name servers that the sandboxes' resolver asks, as IPv4 addresses; empty for those of the host.</summary>
    public IReadOnlyList<string> Nameservers { get; init; } = [];

    /// <summary>How often the addresses of domains that sandboxes may reach are asked for. Answers are kept for as long as they are valid.</summary>
    public TimeSpan DomainRefresh { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an address stays open that a domain has no longer, for connections that began with it.</summary>
    public TimeSpan DomainGrace { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether port 25 is refused: a free sandbox that can send mail is a spammer's.</summary>
    public bool RefuseMail { get; init; } = true;

    /// <summary>The account of the sandboxes' resolver. If it does not exist, <c>nobody</c>, with a warning in the log.</summary>
    public string DnsUser { get; init; } = "sandbox-dns";

    /// <summary>A PEM file whose certificates go into every image's bundle.</summary>
    public string? ExtraCaFile { get; init; }

    /// <summary><c>crun</c>, <c>runc</c>, or null for the first of them that is installed. Isolation classes that neither can start have a program of their own.</summary>
    public string? OciRuntime { get; init; }

    /// <summary>
    /// The checks of isolation without which the daemon does not start: user_namespaces, own_kernel_user, idmapped_mounts,
    /// seccomp, control_groups, disk_quota, egress_filter, gvisor, kvm. Empty: it starts, and says what it found.
    /// </summary>
    public IReadOnlyList<string> RequiredIsolation { get; init; } = [];

    /// <summary>What no plan may exceed.</summary>
    public long MaxMemoryBytes { get; init; } = 8L * 1024 * 1024 * 1024;

    /// <summary>What no plan may exceed.</summary>
    public long MaxDiskBytes { get; init; } = 64L * 1024 * 1024 * 1024;

    /// <summary>What no plan may exceed.</summary>
    public double MaxCpus { get; init; } = 256;

    /// <summary>What no plan may exceed.</summary>
    public int MaxPids { get; init; } = 16_384;

    /// <summary>What no plan may exceed.</summary>
    public long MaxInodes { get; init; } = 16_000_000;

    /// <summary>
    /// How many times the host's memory is promised to sandboxes: most of them are idle. 1 promises no more than there is.
    /// With less than <see cref="MemoryReserveBytes"/> left, nothing is started, sandboxes that grow are paused, and the
    /// programs of the greediest are ended.
    /// </summary>
    public double MemoryFactor { get; init; } = 8;

    /// <summary>
    /// How many times the free space of the data disk is promised. 1 promises no more than there is. With less than
    /// <see cref="DiskReserveBytes"/> left, nothing is started, sandboxes that write are paused, and the greediest are ended.
    /// </summary>
    public double DiskFactor { get; init; } = 6;

    /// <summary>Memory of all sandboxes together, which the kernel enforces; 0 for nine tenths of the host's.</summary>
    public long SandboxMemoryBytes { get; init; }

    /// <summary>Memory that stays free, of the host's and of <see cref="SandboxMemoryBytes"/>; at most half of the smaller. 0 for an eighth of the smaller, at most 2 GiB.</summary>
    public long MemoryReserveBytes { get; init; }

    /// <summary>Bytes of the data disk that stay free, less than half of the disk; 0 for a twentieth of the disk, at most 2 GiB.</summary>
    public long DiskReserveBytes { get; init; }

    /// <summary>
    /// Bytes that the sandboxes of one person together read from the disk in a second; 0 for any. On hosts with control
    /// groups of version 1 each sandbox has a part of it: of a guest's, a third.
    /// </summary>
    public long DiskReadBytesPerSecond { get; init; } = 384L * 1024 * 1024;

    /// <summary>The same for reads of any size.</summary>
    public long DiskReadsPerSecond { get; init; } = 9000;

    /// <summary>Bytes of files that one person's calls read and write as fast as they go: downloads, archives, uploads.</summary>
    public long FileBurstBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Bytes a second after that: about what a browser's line takes.</summary>
    public long FileBytesPerSecond { get; init; } = 32L * 1024 * 1024;

    /// <summary>Commands of one person that the host starts as fast as it can.</summary>
    public int CommandBurst { get; init; } = 60;

    /// <summary>Commands a second after that; more wait for their turn, as long as their own time allows.</summary>
    public int CommandsPerSecond { get; init; } = 20;

    /// <summary>Seconds of a processor that this daemon spends on one person's saves, searches and lists as fast as they come.</summary>
    public int WorkBurstSeconds { get; init; } = 20;

    /// <summary>Percent of one processor after that.</summary>
    public int WorkPercent { get; init; } = 25;

    /// <summary>How many records of ended sandboxes are kept.</summary>
    public int MaxEnded { get; init; } = 10_000;

    /// <summary>The largest archive or image that is imported.</summary>
    public long MaxImageBytes { get; init; } = 16L * 1024 * 1024 * 1024;

    /// <summary>Registries from which visitors may take links, each host with its port. They are asked from the host itself, so none of them should stand in its own network.</summary>
    public IReadOnlyList<string> LinkRegistries { get; init; } = ["docker.io", "ghcr.io", "quay.io"];

    /// <summary>The upper limits of every sandbox.</summary>
    public SandboxLimits MaxLimits => new(MaxCpus, MaxMemoryBytes, MaxPids, MaxDiskBytes, MaxInodes);

    /// <summary>Where the registry is to listen; there as soon as the host has that address.</summary>
    public string RegistryAddressFile => Path.Combine(RunDirectory, "registry.address");

    /// <summary>The socket the web process talks to.</summary>
    public string ControlSocket => Path.Combine(RunDirectory, "control.sock");

    /// <summary>All mistakes; empty if the options are valid.</summary>
    public IReadOnlyList<string> Validate()
    {
        var mistakes = new List<string>();
        if (Instance.Length is 0 or > 3 || !Instance.All(char.IsAsciiLetterLower))
        {
            mistakes.Add("Instance: one to three lower-case letters");
        }

        if (UidBase < 65_536 || UidBase % 65_536 != 0)
        {
            mistakes.Add("UidBase: a multiple of 65536 above the host's own users");
        }

        if (UidRanges < 1 || UidBase + (ulong)UidRanges * 65_536 > uint.MaxValue)
        {
            mistakes.Add("UidRanges: at least 1, and the last range must fit into 32 bits");
        }

        (string Name, long Value)[] positive =
        [
            (nameof(FileBurstBytes), FileBurstBytes), (nameof(FileBytesPerSecond), FileBytesPerSecond),
            (nameof(WorkBurstSeconds), WorkBurstSeconds), (nameof(WorkPercent), WorkPercent),
            (nameof(CommandBurst), CommandBurst), (nameof(CommandsPerSecond), CommandsPerSecond),
        ];
        mistakes.AddRange(positive.Where(option => option.Value < 1).Select(option => $"{option.Name}: at least 1"));
        (string Name, double Value)[] factors = [(nameof(MemoryFactor), MemoryFactor), (nameof(DiskFactor), DiskFactor)];
        mistakes.AddRange(factors.Where(option => option.Value is not (>= 1 and <= 1000)).Select(option => $"{option.Name}: 1 to 1000"));
        var (memory, whose) = SandboxMemoryBytes is 0 ? (HostMeasures.MemoryTotal, "the host's memory") : (Reserves.MemoryOf(this), "SandboxMemoryBytes");
        if (MemoryReserveBytes is not 0 && (MemoryReserveBytes < 64 << 20 || MemoryReserveBytes > memory / 2))
        {
            mistakes.Add($"MemoryReserveBytes: at least 67108864 and at most {memory / 2}, half of {whose}; or 0 for an eighth of that, at most 2147483648");
        }

        if (SandboxMemoryBytes is not 0 && (SandboxMemoryBytes < 256 << 20 || SandboxMemoryBytes >= HostMeasures.MemoryTotal))
        {
            mistakes.Add($"SandboxMemoryBytes: at least 268435456 and less than the host's memory of {HostMeasures.MemoryTotal}, or 0 for nine tenths of it");
        }

        if (DiskReserveBytes is not 0 && (DiskReserveBytes < 64 << 20 || (Reserves.DiskOf(DataDirectory) is > 0 and var disk && DiskReserveBytes >= disk / 2)))
        {
            mistakes.Add($"DiskReserveBytes: at least 67108864 and less than {Reserves.DiskOf(DataDirectory) / 2}, half of the disk of {DataDirectory}; or 0 for a twentieth of the disk, at most 2147483648");
        }

        if (DiskReadBytesPerSecond is not 0 and < 1 << 20)
        {
            mistakes.Add("DiskReadBytesPerSecond: at least 1048576, or 0 for any");
        }

        if (DiskReadsPerSecond is not 0 and < 100)
        {
            mistakes.Add("DiskReadsPerSecond: at least 100, or 0 for any");
        }

        if (!IPNetwork.TryParse(AddressPool, out var pool) || pool.PrefixLength is < 8 or > 24)
        {
            mistakes.Add("AddressPool: an IPv4 prefix of /8 to /24");
        }

        mistakes.AddRange(NotPrefixes(RefusedPrefixes).Select(prefix => $"RefusedPrefixes: '{prefix}' is not an IPv4 prefix"));
        mistakes.AddRange(NotPrefixes(AllowedDestinations).Select(prefix => $"AllowedDestinations: '{prefix}' is not an IPv4 prefix"));
        mistakes.AddRange(Nameservers.Where(server => !IPAddress.TryParse(server, out var address) || address.AddressFamily != AddressFamily.InterNetwork)
            .Select(server => $"Nameservers: '{server}' is not an IPv4 address"));
        mistakes.AddRange(RequiredIsolation.Except(HostProof.Names, StringComparer.Ordinal).Select(name => $"RequiredIsolation: '{name}' is no check; there is {string.Join(", ", HostProof.Names)}"));
        if (DomainRefresh < TimeSpan.FromSeconds(1) || DomainRefresh > TimeSpan.FromHours(1))
        {
            mistakes.Add("DomainRefresh: one second to one hour");
        }

        if (DomainGrace < TimeSpan.Zero || DomainGrace > TimeSpan.FromDays(1))
        {
            mistakes.Add("DomainGrace: at most one day");
        }

        if (ExtraCaFile is not null && !File.Exists(ExtraCaFile))
        {
            mistakes.Add($"ExtraCaFile: {ExtraCaFile} does not exist");
        }

        return mistakes;
    }

    private static IEnumerable<string> NotPrefixes(IEnumerable<string> prefixes) =>
        prefixes.Where(prefix => !IPNetwork.TryParse(prefix, out var network) || network.BaseAddress.AddressFamily != AddressFamily.InterNetwork);
}
