namespace Sandbox.Benchmarks;

/// <summary>What is measured, as <c>--name value</c> pairs; <c>infra/bench</c> gives them all.</summary>
internal sealed record Options
{
    /// <summary>Our service.</summary>
    public required Uri Url { get; init; }

    /// <summary>The catalog image to launch; the peer runs the same content.</summary>
    public required string Image { get; init; }

    /// <summary>ttyd that starts <c>docker run -it --rm</c> for each who connects.</summary>
    public required Uri Docker { get; init; }

    /// <summary>ttyd that starts a bare shell of the host for each who connects: the floor.</summary>
    public required Uri Shell { get; init; }

    /// <summary>Our web process.</summary>
    public required int WebPid { get; init; }

    /// <summary>Our daemon.</summary>
    public required int DaemonPid { get; init; }

    /// <summary>The log our daemon writes to while this runs.</summary>
    public required string DaemonLog { get; init; }

    /// <summary>What stands in the command line of every process of the peer's engine: its directory.</summary>
    public required string DockerMark { get; init; }

    /// <summary>The socket of the peer's engine.</summary>
    public required string DockerSocket { get; init; }

    /// <summary>The command <c>buildah build</c> of the host, as words of a shell; it has the image <c>debian</c>.</summary>
    public required string Buildah { get; init; }

    /// <summary>A process in the namespaces where <c>runsc</c> is started alone; 0 where it is not installed.</summary>
    public required int RunscPid { get; init; }

    /// <summary>The bundle there, whose process is a shell.</summary>
    public required string RunscBundle { get; init; }

    /// <summary>Free ports of the host: of a server outside of all sandboxes, and of YARP in front of it.</summary>
    public required int ServerPort { get; init; }

    /// <inheritdoc cref="ServerPort"/>
    public required int ForwarderPort { get; init; }

    /// <summary>What is measured: launch, links, pulls, density, docker, gvisor.</summary>
    public required IReadOnlyList<string> Parts { get; init; }

    /// <summary>The table as JSON.</summary>
    public string? Json { get; init; }

    /// <summary>Launches one after the other.</summary>
    public int Launches { get; init; } = 50;

    /// <summary>Launches at one instant, and sandboxes whose idle cost is measured.</summary>
    public int Together { get; init; } = 20;

    /// <summary>Idle sandboxes of the part density.</summary>
    public int Dense { get; init; } = 300;

    public static Options Parse(string[] arguments)
    {
        if (arguments.Length % 2 != 0)
        {
            throw new FormatException("options are pairs: --name value");
        }

        var given = arguments.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        string Text(string name) => given.Remove(name, out var value) ? value : throw new FormatException($"{name} is missing");
        int Number(string name, int otherwise) => given.Remove(name, out var value) ? int.Parse(value, System.Globalization.CultureInfo.InvariantCulture) : otherwise;
        var options = new Options
        {
            Url = new Uri(Text("--url")),
            Image = Text("--image"),
            Docker = new Uri(Text("--docker")),
            Shell = new Uri(Text("--shell")),
            WebPid = Number("--web-pid", 0),
            DaemonPid = Number("--daemon-pid", 0),
            DaemonLog = Text("--daemon-log"),
            DockerMark = Text("--docker-mark"),
            DockerSocket = Text("--docker-socket"),
            Buildah = Text("--buildah"),
            RunscPid = Number("--runsc-pid", 0),
            RunscBundle = Text("--runsc-bundle"),
            ServerPort = Number("--server-port", 18096),
            ForwarderPort = Number("--forwarder-port", 18097),
            Parts = Text("--parts").Split(','),
            Json = given.Remove("--json", out var json) ? json : null,
            Launches = Number("--launches", 50),
            Together = Number("--together", 20),
            Dense = Number("--dense", 300),
        };
        return given.Count == 0 ? options : throw new FormatException($"unknown: {string.Join(' ', given.Keys)}");
    }
}
