using System.Net;
using Sandbox.Web.Audit;
using Sandbox.Web.Builds;
using Sandbox.Web.Embeds;
using Sandbox.Web.Recordings;
using Sandbox.Web.Repositories;

namespace Sandbox.Web;

/// <summary>
/// What an operator sets: the section <c>Sandbox</c> of <c>/etc/sandbox/web.json</c>, or variables like
/// <c>SANDBOX__LISTEN</c>, which win.
/// </summary>
public sealed class WebOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Sandbox";

    /// <summary>Where the process listens, one URL.</summary>
    public string Listen { get; set; } = "http://localhost:8080";

    /// <summary>SQLite, data-protection keys and uploads; only this process writes here.</summary>
    public string DataDirectory { get; set; } = "/var/lib/sandbox/web";

    /// <summary>The daemon's socket.</summary>
    public string ControlSocket { get; set; } = "/run/sandbox/control.sock";

    /// <summary>
    /// Where sandboxes reach the registry of people's own images, an IPv4 address with its port: the one that
    /// <c>registry.internal</c> has, on port 5000. Empty: there is none.
    /// </summary>
    public string RegistryDoor { get; set; } = "";

    /// <summary>The directory with the sockets of the registries behind it: <c>pull.sock</c> and <c>push.sock</c>.</summary>
    public string RegistrySockets { get; set; } = "/run/sandbox/registry";

    /// <summary>The catalog of the first start: an array of {name, title, description, recipe}. Without the file the catalog begins empty.</summary>
    public string CatalogFile { get; set; } = "/usr/local/lib/sandbox/images/catalog.json";

    /// <summary>The tutorials that everybody's list has: a folder for each, published at the start. Without the directory there are none.</summary>
    public string TutorialDirectory { get; set; } = "/usr/local/lib/sandbox/tutorials";

    /// <summary>How often each tutorial of everybody's list is tested again; 0 is never.</summary>
    public int TutorialTestHours { get; set; } = 24;

    /// <summary>Where browsers reach us, scheme://host[:port]; the first one stands in links. Empty: localhost on the port we listen on.</summary>
    public string[] PublicUrls { get; set; } = [];

    /// <summary>Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks (10.0.0.0/8).</summary>
    public string[] Proxies { get; set; } = [];

    /// <summary>
    /// The domain below which each port of a sandbox has an origin of its own, as host[:port]: preview.example.org, with a
    /// wildcard name in DNS and in the certificate. Best a domain that has nothing else. Empty: localhost, unless there are
    /// public URLs; then there are no previews.
    /// </summary>
    public string PreviewDomain { get; set; } = "";

    /// <summary>Bounds on what callers may send and how often.</summary>
    public WebLimits Limits { get; set; } = new();

    /// <summary>How much may be recorded, and how long it is kept.</summary>
    public RecordingLimits Recordings { get; set; } = new();

    /// <summary>How git repositories are read.</summary>
    public RepositoryOptions Repositories { get; set; } = new();

    /// <summary>How images are built of Dockerfiles.</summary>
    public BuildOptions Builds { get; set; } = new();

    /// <summary>Which pages elsewhere may show sandboxes.</summary>
    public EmbedOptions Embeds { get; set; } = new();

    /// <summary>How much of the audit log is kept.</summary>
    public AuditOptions Audit { get; set; } = new();

    /// <summary>Every mistake at once; empty when all is well.</summary>
    public IReadOnlyList<string> Validate()
    {
        var mistakes = new List<string>();
        if (!Uri.TryCreate(Listen, UriKind.Absolute, out var listen) || listen.Scheme is not ("http" or "https"))
        {
            mistakes.Add("Listen: one URL like http://localhost:8080");
        }

        if (!Path.IsPathFullyQualified(DataDirectory))
        {
            mistakes.Add("DataDirectory: an absolute path");
        }

        if (!Path.IsPathFullyQualified(ControlSocket))
        {
            mistakes.Add("ControlSocket: an absolute path");
        }

        if (RegistryDoor.Length > 0 && !(IPEndPoint.TryParse(RegistryDoor, out var door) && door.Port > 0 && door.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork))
        {
            mistakes.Add("RegistryDoor: an IPv4 address with a port, or empty");
        }

        if (!Path.IsPathFullyQualified(RegistrySockets))
        {
            mistakes.Add("RegistrySockets: an absolute path");
        }

        if (CatalogFile.Length > 0 && !Path.IsPathFullyQualified(CatalogFile))
        {
            mistakes.Add("CatalogFile: an absolute path, or empty");
        }

        if (TutorialTestHours is < 0 or > 10_000)
        {
            mistakes.Add("TutorialTestHours: 0 to 10000");
        }

        if (TutorialDirectory.Length > 0 && !Path.IsPathFullyQualified(TutorialDirectory))
        {
            mistakes.Add("TutorialDirectory: an absolute path, or empty");
        }

        foreach (var url in PublicUrls)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https") || parsed.AbsolutePath != "/" || parsed.Query.Length > 0)
            {
                mistakes.Add($"PublicUrls: '{url}' is no URL like https://sandbox.example.org");
            }
        }

        if (PreviewDomain.Length > 0 && (!Uri.TryCreate($"http://{PreviewDomain}", UriKind.Absolute, out var domain) || domain.Authority != PreviewDomain || domain.HostNameType != UriHostNameType.Dns))
        {
            mistakes.Add("PreviewDomain: a domain like preview.example.org, with a port if it is not the usual one");
        }

        foreach (var proxy in Proxies)
        {
            if (!IPAddress.TryParse(proxy, out _) && !IPNetwork.TryParse(proxy, out _))
            {
                mistakes.Add($"Proxies: '{proxy}' is neither an address nor a network like 10.0.0.0/8");
            }
        }

        mistakes.AddRange(Limits.Validate());
        mistakes.AddRange(Recordings.Validate());
        mistakes.AddRange(Repositories.Validate());
        mistakes.AddRange(Builds.Validate());
        mistakes.AddRange(Embeds.Validate());
        mistakes.AddRange(Audit.Validate());
        return mistakes;
    }
}

/// <summary>Bounds on what callers may send and how often. Rates are per client address (IPv6: per /64) and refill evenly.</summary>
public sealed class WebLimits
{
    /// <summary>New guests at one instant.</summary>
    public int GuestBurst { get; set; } = 16;

    /// <summary>New guests a minute after that.</summary>
    public int GuestsPerMinute { get; set; } = 16;

    /// <summary>Launches at one instant.</summary>
    public int LaunchBurst { get; set; } = 12;

    /// <summary>Launches a minute after that.</summary>
    public int LaunchesPerMinute { get; set; } = 30;

    /// <summary>Terminals one person opens at one instant.</summary>
    public int OpenBurst { get; set; } = 64;

    /// <summary>Terminals one person opens a minute after that.</summary>
    public int OpensPerMinute { get; set; } = 120;

    /// <summary>Commands one person runs at one instant; starting and stopping a sandbox are some too.</summary>
    public int CommandBurst { get; set; } = 1000;

    /// <summary>Commands one person runs a minute after that.</summary>
    public int CommandsPerMinute { get; set; } = 1200;

    /// <summary>Connections that one person holds through tunnels at the same time.</summary>
    public int TunnelsAtOnce { get; set; } = 200;

    /// <summary>Connections one person makes through tunnels at one instant.</summary>
    public int TunnelBurst { get; set; } = 1000;

    /// <summary>Connections one person makes through tunnels a minute after that.</summary>
    public int TunnelsPerMinute { get; set; } = 1200;

    /// <summary>How long nothing may move through a preview, in either direction. Pings of a WebSocket do move.</summary>
    public int PreviewSilenceSeconds { get; set; } = 2 * 60 * 60;

    /// <summary>Bytes of one person's terminals sent as fast as they go, all viewers together.</summary>
    public long OutputBurstBytes { get; set; } = 128L << 20;

    /// <summary>Bytes a second after that: about what a browser can draw.</summary>
    public long OutputBytesPerSecond { get; set; } = 16L << 20;

    /// <summary>Requests of any kind at one instant.</summary>
    public int RequestBurst { get; set; } = 1000;

    /// <summary>Requests of any kind a second after that.</summary>
    public int RequestsPerSecond { get; set; } = 200;

    /// <summary>Requests that last at the same time, sockets of terminals among them.</summary>
    public int RequestsAtOnce { get; set; } = 500;

    /// <summary>Connections at the same time, idle ones too.</summary>
    public int ConnectionsAtOnce { get; set; } = 1000;

    /// <summary>Bytes of one file written over REST.</summary>
    public long FileBytes { get; set; } = 1L << 30;

    /// <summary>Bytes of one uploaded image archive.</summary>
    public long ArchiveBytes { get; set; } = 8L << 30;

    /// <summary>Bytes of a link's archive that comes from another server.</summary>
    public long LinkArchiveBytes { get; set; } = 2L << 30;

    /// <summary>Memory promised to all sandboxes together; 0 is what the daemon's MemoryFactor allows.</summary>
    public long CommittedMemoryBytes { get; set; }

    /// <summary>Memory promised to the guests of one address together; 0 is twice what is still free.</summary>
    public long AddressMemoryBytes { get; set; }

    /// <summary>Launches that wait for room on the host or for a place of a link, all together; 0 is no queue.</summary>
    public int QueuePlaces { get; set; } = 256;

    /// <summary>Those of the guests of one address together.</summary>
    public int QueuePlacesPerAddress { get; set; } = 32;

    /// <summary>Those of one person.</summary>
    public int QueuePlacesPerPerson { get; set; } = 4;

    /// <summary>Bytes of layers that the links of all guests keep together. Beyond that, saves that nobody asked for go, the oldest first.</summary>
    public long GuestStorageBytes { get; set; } = 16L << 30;

    /// <summary>Bytes of the volumes of all guests together, by their sizes.</summary>
    public long GuestVolumeBytes { get; set; } = 32L << 30;

    /// <summary>How long a launch is answered with 201; one that takes longer goes on and is answered with 202.</summary>
    public int LaunchWaitSeconds { get; set; } = 30;

    internal IEnumerable<string> Validate()
    {
        (string Name, long Value)[] positive =
        [
            (nameof(GuestBurst), GuestBurst), (nameof(GuestsPerMinute), GuestsPerMinute),
            (nameof(LaunchBurst), LaunchBurst), (nameof(LaunchesPerMinute), LaunchesPerMinute),
            (nameof(OpenBurst), OpenBurst), (nameof(OpensPerMinute), OpensPerMinute),
            (nameof(CommandBurst), CommandBurst), (nameof(CommandsPerMinute), CommandsPerMinute),
            (nameof(TunnelsAtOnce), TunnelsAtOnce), (nameof(TunnelBurst), TunnelBurst), (nameof(TunnelsPerMinute), TunnelsPerMinute),
            (nameof(PreviewSilenceSeconds), PreviewSilenceSeconds),
            (nameof(OutputBurstBytes), OutputBurstBytes), (nameof(OutputBytesPerSecond), OutputBytesPerSecond),
            (nameof(RequestBurst), RequestBurst), (nameof(RequestsPerSecond), RequestsPerSecond),
            (nameof(RequestsAtOnce), RequestsAtOnce), (nameof(ConnectionsAtOnce), ConnectionsAtOnce),
            (nameof(QueuePlacesPerAddress), QueuePlacesPerAddress), (nameof(QueuePlacesPerPerson), QueuePlacesPerPerson),
            (nameof(FileBytes), FileBytes), (nameof(LinkArchiveBytes), LinkArchiveBytes), (nameof(ArchiveBytes), ArchiveBytes), (nameof(LaunchWaitSeconds), LaunchWaitSeconds),
        ];
        foreach (var (name, value) in positive)
        {
            if (value < 1)
            {
                yield return $"Limits:{name}: at least 1";
            }
        }

        if (CommittedMemoryBytes < 0)
        {
            yield return "Limits:CommittedMemoryBytes: 0 or more";
        }

        if (QueuePlaces < 0)
        {
            yield return "Limits:QueuePlaces: 0 or more";
        }

        if (AddressMemoryBytes < 0)
        {
            yield return "Limits:AddressMemoryBytes: 0 or more";
        }

        if (GuestStorageBytes < 0)
        {
            yield return "Limits:GuestStorageBytes: 0 or more";
        }

        if (GuestVolumeBytes < 0)
        {
            yield return "Limits:GuestVolumeBytes: 0 or more";
        }
    }
}
