namespace Sandbox.Core.Images;

/// <summary>One layer of an image: its digest and its size in bytes as stored.</summary>
public sealed record ImageLayer(Digest Digest, long Size);

/// <summary>
/// The default execution parameters of an image: the <c>config</c> object of the OCI image configuration.
/// https://github.com/opencontainers/image-spec/blob/main/config.md
/// </summary>
public sealed record ImageConfig
{
    /// <summary>The command's fixed part; empty when there is none.</summary>
    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    /// <summary>The command, or the default arguments of the entrypoint.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary><c>NAME=value</c> lines.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>Where commands start; <c>/</c> when the image does not say.</summary>
    public string Workdir { get; init; } = "/";

    /// <summary><c>user</c>, <c>uid</c>, <c>user:group</c> or <c>uid:gid</c>; empty is root.</summary>
    public string User { get; init; } = "";

    /// <summary>Ports the image says it serves, <c>5432/tcp</c>.</summary>
    public IReadOnlyList<string> ExposedPorts { get; init; } = [];

    /// <summary>The signal that asks the command to end, as Linux numbers it; SIGTERM when the image does not say.</summary>
    public int StopSignal { get; init; } = 15;

    /// <summary>Directories that the image keeps data in. They are made if they are missing; nothing else is mounted there.</summary>
    public IReadOnlyList<string> Volumes { get; init; } = [];

    /// <summary>
    /// Whether the image is a place to type in rather than a service: its command is a shell, a REPL or nothing. Its end
    /// leaves the sandbox running, and whoever opens a terminal without naming a command gets this one.
    /// </summary>
    public bool IsInteractive { get; init; }
}

/// <summary>An image in the runtime's store, unpacked and ready to start.</summary>
public sealed record StoredImage
{
    /// <summary>The digest of its manifest. This is what a lock pins.</summary>
    public required Digest Digest { get; init; }

    /// <summary>Its layers, the base first.</summary>
    public required IReadOnlyList<ImageLayer> Layers { get; init; }

    /// <summary>What it runs.</summary>
    public required ImageConfig Config { get; init; }

    /// <summary>
    /// The isolation class that its sandboxes get when nobody names one; null is the runtime's default. The operator's
    /// recipe of the image sets it, and an image that is saved on top keeps it.
    /// </summary>
    public string? Isolation { get; init; }

    /// <summary>All its layers in bytes as stored; shared layers count in every image.</summary>
    public long Size => Layers.Sum(layer => layer.Size);
}

/// <summary>One report while an image is being made or fetched; the last one carries the image.</summary>
/// <param name="Percent">0 to 100, never falling.</param>
/// <param name="Step">What is being done, for a person: "installing python3".</param>
/// <param name="Image">Set on the last report only.</param>
public sealed record ImageProgress(int Percent, string Step, StoredImage? Image = null)
{
    /// <summary>On the last report: how the image differs from its source, a sentence for each kind of change ("Skipped a device node: 'x' and 3 more.").</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
