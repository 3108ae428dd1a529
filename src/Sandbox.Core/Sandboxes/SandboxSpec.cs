using Sandbox.Core.Databases;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Sandbox.Core.Terminals;

namespace Sandbox.Core.Sandboxes;

/// <summary>
/// One sandbox to start: a recipe's node with everything resolved. It holds ids, digests and recipe fields only;
/// nothing in it is a path on the host.
/// </summary>
public sealed record SandboxSpec : RecipeContent
{
    /// <summary>A spec without content.</summary>
    public SandboxSpec()
    {
    }

    /// <summary>A spec with the content of a recipe's node.</summary>
    public SandboxSpec(RecipeContent content)
        : base(content)
    {
    }

    /// <summary>Chosen by the asker: asking twice with one id gives one sandbox.</summary>
    public required SandboxId Id { get; init; }

    /// <summary>Sandboxes of one playground share a network.</summary>
    public required PlaygroundId Playground { get; init; }

    /// <summary>Sandboxes of one person share <see cref="OwnerLimits"/>.</summary>
    public required PersonId Owner { get; init; }

    /// <summary>
    /// Whom the owner counts with when the host runs short: guests of one address have the same text here, because anybody can
    /// be many guests. Null is the owner alone. Letters and digits.
    /// </summary>
    public string? OwnerGroup { get; init; }

    /// <summary>The node's name, and the sandbox's host name.</summary>
    public required string Name { get; init; }

    /// <summary>The image, which the runtime has already.</summary>
    public required Digest Image { get; init; }

    /// <summary>The sandbox's own limits.</summary>
    public required SandboxLimits Limits { get; init; }

    /// <summary>The sum over all sandboxes of this owner.</summary>
    public required SandboxLimits OwnerLimits { get; init; }

    /// <summary>The volumes to attach.</summary>
    public IReadOnlyList<SandboxVolume> Volumes { get; init; } = [];

    /// <summary>The database server that it is for the other sandboxes of its playground; null for none.</summary>
    public DatabaseServer? Database { get; init; }

    /// <summary>When the runtime ends it by itself, even if nobody is there to ask.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>The size of the terminal of the image's own command until somebody looks at it; null for 80 x 24.</summary>
    public TerminalSize? Terminal { get; init; }
}
