using Sandbox.Core.Leases;
using Sandbox.Core.Networks;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Web.Store;

/// <summary>Stage of a playground. While it runs, each of its sandboxes has a state of its own.</summary>
internal enum PlaygroundStage
{
    Queued,
    Starting,
    Running,
    Ended,
}

/// <summary>A playground and its lease. Only PlaygroundLife writes its state.</summary>
internal sealed class PlaygroundRow
{
    public required string Id { get; init; }

    public required string OwnerId { get; init; }

    public PersonRow? Owner { get; set; }

    /// <summary>The catalog name of the first node's image.</summary>
    public required string Image { get; set; }

    /// <summary>The recipe it was launched from, see <see cref="RecipeRow"/>. Null once it has ended.</summary>
    public required string? RecipeHash { get; init; }

    /// <summary>The link that it was started from, or null. The link may be deleted before it.</summary>
    public string? LinkHash { get; init; }

    /// <summary>Whose link that is: their budget counts it.</summary>
    public string? LinkOwnerId { get; init; }

    /// <summary>Whether it waits until its link has room for one more.</summary>
    public bool AwaitsLink { get; set; }

    /// <summary>Its place in the queue for room on the host; null when it does not wait for that.</summary>
    public QueuePlaceRow? Place { get; set; }

    /// <summary>Names of the variables that hold secrets of its owner, with a blank between: no save keeps them.</summary>
    public string Secrets { get; init; } = "";

    /// <summary>Whether a setup that fails waits for its visitor.</summary>
    public bool AsksAfterFailure { get; init; }

    /// <summary>Whether its recipe says which terminals to open.</summary>
    public bool HasTerminals { get; init; }

    /// <summary>The lock that holds its last state once it has ended; null when nothing was saved.</summary>
    public string? SavedHash { get; set; }

    public required PlaygroundStage State { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset GrantedAt { get; set; }

    public required DateTimeOffset EndsAt { get; set; }

    public bool WasExtended { get; set; }

    public EndReason? Reason { get; set; }

    /// <summary>Why it ended, for its owner.</summary>
    public string? Message { get; set; }

    /// <summary>Error code of a failed launch.</summary>
    public string? ErrorCode { get; set; }

    public required DateTimeOffset LastActiveAt { get; set; }

    public List<SandboxRow> Sandboxes { get; init; } = [];

    /// <summary>The run of a tutorial that takes place in it; null for none.</summary>
    public TutorialRunRow? Run { get; set; }

    public Lease Lease => new() { GrantedAt = GrantedAt, EndsAt = EndsAt, WasExtended = WasExtended, Reason = Reason };
}

/// <summary>One sandbox of a playground, for one node of its recipe.</summary>
internal sealed class SandboxRow
{
    public required string Id { get; init; }

    public required string PlaygroundId { get; init; }

    public PlaygroundRow? Playground { get; init; }

    /// <summary>Index of its node in the recipe.</summary>
    public required int Node { get; init; }

    public required string Name { get; init; }

    /// <summary>Catalog name of its image, or of the one that its image was made from.</summary>
    public required string Image { get; set; }

    /// <summary>Digest of its image; empty while the launch waits for the image to be made.</summary>
    public required string Digest { get; set; }

    public required bool Interactive { get; set; }

    /// <summary>Memory committed to it.</summary>
    public required long MemoryBytes { get; set; }

    /// <summary>What its network reaches: the strictest of its plan's, its image's and its node's policy when it was started.</summary>
    public string Network { get; set; } = NetworkPolicy.Egress;

    /// <summary>With a blank between; empty is all of the internet.</summary>
    public string Domains { get; set; } = "";

    public NetworkPolicy Policy
    {
        get => new(Network, DomainRules.Parse(Domains));
        set => (Network, Domains) = (value.Network, string.Join(' ', value.Domains));
    }

    /// <summary>The isolation class that the runtime was asked for: the strongest of its plan's, its image's and its node's. Null leaves it to the image.</summary>
    public string? Isolation { get; set; }

    public required SandboxState State { get; set; }

    public int? ExitCode { get; set; }
}

/// <summary>A used Idempotency-Key: a request that repeats it gets the same playground.</summary>
internal sealed class IdempotencyRow
{
    public required string OwnerId { get; init; }

    public required string Key { get; init; }

    /// <summary>The recipe's hash: another recipe under the same key is refused.</summary>
    public required string RequestHash { get; init; }

    public required string PlaygroundId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
