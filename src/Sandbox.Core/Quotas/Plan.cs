using Sandbox.Core.Networks;

namespace Sandbox.Core.Quotas;

/// <summary>A named set of limits: what one person is granted.</summary>
public sealed record Plan
{
    /// <summary>Sandboxes of one playground, in any plan.</summary>
    public const int MostNodes = 5;

    private const long MiB = 1024 * 1024;
    private const long GiB = 1024 * MiB;

    /// <summary>Lower-case letters, digits and dashes, at most 32.</summary>
    public required string Name { get; init; }

    /// <summary>Playgrounds at once.</summary>
    public required int Playgrounds { get; init; }

    /// <summary>Sandboxes of one playground; their memory counts in <see cref="Total"/>.</summary>
    public int Nodes { get; init; } = MostNodes;

    /// <summary>What each sandbox may use.</summary>
    public required SandboxLimits PerSandbox { get; init; }

    /// <summary>What a sandbox with Docker inside has at least.</summary>
    public DockerFloor Docker { get; init; } = new(0, 0, 0);

    /// <summary>What each sandbox with Docker inside may use.</summary>
    public SandboxLimits PerDockerSandbox => Docker.Over(PerSandbox, Total);

    /// <summary>What all sandboxes of the person may use in sum; no less than <see cref="PerSandbox"/>.</summary>
    public required SandboxLimits Total { get; init; }

    /// <summary>How long a playground lives at first, and by how much it is extended.</summary>
    public required int Minutes { get; init; }

    /// <summary>How long it may live with all extensions.</summary>
    public required int MaxMinutes { get; init; }

    /// <summary>How long it lives with nobody attached.</summary>
    public required int IdleMinutes { get; init; }

    /// <summary>Bytes of layers that the person's links keep on the host, beyond the images of the catalog.</summary>
    public required long StorageBytes { get; init; }

    /// <summary>
    /// How many playgrounds at once the budgets of the person's links may cover for visitors of one address, whom the
    /// rates for strangers would stop: a class behind one router. 0: the rates always apply.
    /// </summary>
    public required int LinkPlaces { get; init; }

    /// <summary>Volumes that outlive the person's playgrounds.</summary>
    public int Volumes { get; init; } = 2;

    /// <summary>Bytes of these volumes together.</summary>
    public long VolumeBytes { get; init; } = 512 * MiB;

    /// <summary>What a sandbox reaches at most.</summary>
    public NetworkPolicy Network { get; init; } = NetworkPolicy.Open;

    /// <summary>The isolation class that a sandbox has at least; null requires none.</summary>
    public string? Isolation { get; init; }

    /// <summary>What anybody gets without an account.</summary>
    public static Plan Guest { get; } = new()
    {
        Name = "guest",
        Playgrounds = 3,
        PerSandbox = new SandboxLimits(1, 512 * MiB, 256, GiB, 100_000),
        Docker = new DockerFloor(512 * MiB, 512, 4 * GiB),
        Total = new SandboxLimits(2, 1536 * MiB, 768, 3 * GiB, 300_000),
        Minutes = 60,
        MaxMinutes = 240,
        IdleMinutes = 30,
        StorageBytes = 512 * MiB,
        LinkPlaces = 0,
    };

    /// <summary>What a person an operator knows gets: twice a guest's.</summary>
    public static Plan Member { get; } = new()
    {
        Name = "member",
        Playgrounds = 6,
        PerSandbox = new SandboxLimits(2, GiB, 512, 2 * GiB, 200_000),
        Docker = new DockerFloor(GiB, 1024, 8 * GiB),
        Total = new SandboxLimits(4, 3 * GiB, 1536, 6 * GiB, 600_000),
        Minutes = 120,
        MaxMinutes = 480,
        IdleMinutes = 60,
        StorageBytes = 4 * GiB,
        LinkPlaces = 100,
        Volumes = 10,
        VolumeBytes = 8 * GiB,
    };

    /// <summary>Every mistake at once; empty when all is well.</summary>
    public IReadOnlyList<string> Validate()
    {
        var mistakes = new List<string>();
        if (Name is null || Name.Length is 0 or > 32 || !Name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-'))
        {
            mistakes.Add("name: 1 to 32 lower-case letters, digits and dashes");
        }

        if (Playgrounds is < 1 or > 1000)
        {
            mistakes.Add("playgrounds: 1 to 1000");
        }

        if (Nodes is < 1 or > MostNodes)
        {
            mistakes.Add($"nodes: 1 to {MostNodes}");
        }

        var limits = LimitRules.Validate(PerSandbox, "perSandbox").Concat(LimitRules.Validate(Total, "total")).ToList();
        mistakes.AddRange(limits);
        if (limits.Count == 0 && !LimitRules.Fits(PerSandbox, Total))
        {
            mistakes.Add("total: no limit may be less than that of one sandbox");
        }

        mistakes.AddRange(Docker.Validate());
        if (Minutes is < 1 or > MostMinutes)
        {
            mistakes.Add("minutes: 1 to 527040");
        }

        if (MaxMinutes is > MostMinutes || MaxMinutes < Minutes)
        {
            mistakes.Add("maxMinutes: no less than minutes, at most 527040");
        }

        if (IdleMinutes is < 1 or > MostMinutes)
        {
            mistakes.Add("idleMinutes: 1 to 527040");
        }

        if (StorageBytes is < 0 or > 1L << 50)
        {
            mistakes.Add("storageBytes: 0 to 2^50");
        }

        if (LinkPlaces is < 0 or > 10_000)
        {
            mistakes.Add("linkPlaces: 0 to 10000");
        }

        if (Volumes is < 0 or > 1000)
        {
            mistakes.Add("volumes: 0 to 1000");
        }

        if (VolumeBytes is < 0 or > 1L << 50)
        {
            mistakes.Add("volumeBytes: 0 to 2^50");
        }

        mistakes.AddRange(Network.Validate());
        return mistakes;
    }

    /// <summary>A year: longer needs no deadline, and deadlines must not overflow.</summary>
    private const int MostMinutes = 366 * 24 * 60;
}
