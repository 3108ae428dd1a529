namespace Sandbox.Web.Builds;

/// <summary>What an event of a build says.</summary>
internal enum BuildEventType
{
    /// <summary>The first one: <see cref="BuildEvent.Id"/> cancels the build.</summary>
    Started,

    /// <summary>A part of the work begins: <see cref="BuildEvent.Text"/> says which.</summary>
    Phase,

    /// <summary>An instruction of the Dockerfile begins.</summary>
    Step,

    /// <summary>The instruction before made a layer, or took one that an equal instruction made.</summary>
    Layer,

    /// <summary>What a program printed, one or more lines.</summary>
    Log,

    /// <summary>The build goes on otherwise than the Dockerfile says.</summary>
    Warning,

    /// <summary>The last one of a build that failed; nothing is kept of it.</summary>
    Error,

    /// <summary>The last one of a build that went well.</summary>
    Image,
}

/// <summary>One event of a build. Members that say nothing are left out.</summary>
/// <param name="Type">What it says.</param>
internal sealed record BuildEvent(BuildEventType Type)
{
    /// <summary>The build.</summary>
    public string? Id { get; init; }

    /// <summary>How far the build is, 0 to 100, never falling.</summary>
    public int? Percent { get; init; }

    public string? Text { get; init; }

    /// <summary>The stage of a step, from 1.</summary>
    public int? Stage { get; init; }

    public int? Stages { get; init; }

    /// <summary>The number of a step in its stage, from 1.</summary>
    public int? Step { get; init; }

    public int? Steps { get; init; }

    /// <summary>The line of the Dockerfile, from 1.</summary>
    public int? Line { get; init; }

    /// <summary>The instruction as Buildah shows it: <c>RUN make</c>.</summary>
    public string? Instruction { get; init; }

    /// <summary>Whether the layer was there already.</summary>
    public bool? Cached { get; init; }

    /// <summary>Of an error: the code that a problem would have.</summary>
    public string? Code { get; init; }

    /// <summary>Of an error: the cause, for people.</summary>
    public string? Detail { get; init; }

    public OwnImageView? Image { get; init; }
}

/// <summary>An image that a person built.</summary>
/// <param name="Name">Its name, for recipes.</param>
/// <param name="Reference">Its name and its digest: <c>app@sha256:…</c>.</param>
/// <param name="Digest">The digest of its manifest.</param>
/// <param name="Size">Bytes of all its layers.</param>
/// <param name="OwnBytes">Bytes of those that are in no image of the catalog: these count in the person's storage.</param>
/// <param name="Runs">The command that it runs.</param>
/// <param name="Interactive">Whether that is a shell or another program to type in.</param>
/// <param name="BuiltAt">When it was built last.</param>
internal sealed record OwnImageView(string Name, string Reference, string Digest, long Size, long OwnBytes, string Runs, bool Interactive, DateTimeOffset BuiltAt);
