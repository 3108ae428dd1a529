namespace Sandbox.Web.Store;

/// <summary>
/// A lock: a recipe in which every image is a digest. Its content is the <see cref="RecipeRow"/> of the same hash. Beside
/// the content stands where its author ran it, which is no part of the hash: two servers make one lock of one recipe.
/// </summary>
internal sealed class LockRow
{
    /// <summary>The recipe's hash.</summary>
    public required string Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The author's processor architecture: <c>x64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>The author's kernel: <c>6.1.0-18-amd64</c>.</summary>
    public required string Kernel { get; init; }

    /// <summary>The isolation class that it was run with.</summary>
    public required string Isolation { get; init; }

    /// <summary>One for each node.</summary>
    public List<LockImageRow> Images { get; init; } = [];

    /// <summary>The layers that are in no image of the catalog, so that somebody's storage pays for them.</summary>
    public List<LockLayerRow> Layers { get; init; } = [];
}

/// <summary>The image of one node of a lock. The store keeps the image while the lock is here.</summary>
internal sealed class LockImageRow
{
    public required string Hash { get; init; }

    /// <summary>Index of the node.</summary>
    public required int Node { get; init; }

    public required string Digest { get; init; }

    /// <summary>For people: the catalog name of the image, or of the one that it was made from.</summary>
    public required string Name { get; init; }

    public required bool Interactive { get; init; }
}

/// <summary>A layer that a lock needs beyond those of the catalog.</summary>
internal sealed class LockLayerRow
{
    public required string Hash { get; init; }

    public required string Digest { get; init; }

    public required long Size { get; init; }
}

/// <summary>The people who may start a link.</summary>
internal enum LinkAccess
{
    /// <summary>Its owner.</summary>
    Private,

    /// <summary>Anybody who has it, within its budget.</summary>
    Anyone,
}

/// <summary>
/// A person's claim on a lock: it keeps the lock, and says who else may start it and how often. Two people who save the
/// same state own a link each, of one lock; a visitor is let in if one of them lets them in.
/// </summary>
internal sealed class LinkRow
{
    public required string OwnerId { get; init; }

    public required string Hash { get; init; }

    public LockRow? Lock { get; init; }

    public required string Title { get; set; }

    public required LinkAccess Access { get; set; }

    /// <summary>Saved by the end of a playground: the oldest of these go when their owner's storage is full.</summary>
    public required bool IsAutomatic { get; set; }

    /// <summary>Saved from a playground of its owner, so its volumes are those of that playground. Of other links they are kept apart.</summary>
    public bool IsSaved { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastOpenedAt { get; set; }

    /// <summary>The most of its playgrounds at once; null leaves it to the visitors' plans.</summary>
    public int? AtOnce { get; set; }

    /// <summary>The most starts in 24 hours.</summary>
    public int? PerDay { get; set; }

    /// <summary>First minute of the day (UTC) at which it starts; always together with <see cref="UntilMinute"/>.</summary>
    public int? FromMinute { get; set; }

    /// <summary>The minute of the day at which it stops to start. Before <see cref="FromMinute"/>: the hours pass midnight.</summary>
    public int? UntilMinute { get; set; }

    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>Its sandboxes have no network, whatever its recipe says.</summary>
    public bool IsOffline { get; set; }

    /// <summary>Origins of the pages that may show it in a frame, with a blank between; null leaves it to the operator.</summary>
    public string? PageOrigins { get; set; }

    /// <summary>A salted hash; null when no password is asked for.</summary>
    public string? Password { get; set; }
}

/// <summary>A name for a link, which its owner can move to another one.</summary>
internal sealed class AliasRow
{
    public required string Name { get; init; }

    public required string OwnerId { get; init; }

    /// <summary>The lock it leads to now.</summary>
    public required string Hash { get; set; }

    /// <summary>Markdown for its page; not part of any hash.</summary>
    public string Text { get; set; } = "";

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset MovedAt { get; set; }

    /// <summary>Every lock it led to.</summary>
    public List<AliasMoveRow> Moves { get; init; } = [];
}

/// <summary>Where an alias led from a time on.</summary>
internal sealed class AliasMoveRow
{
    public required string Name { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Hash { get; init; }
}

/// <summary>One start of a link, for its budget and its owner's statistics. Kept for 30 days.</summary>
internal sealed class LinkStartRow
{
    /// <summary>The playground; it may be forgotten before this.</summary>
    public required string PlaygroundId { get; init; }

    public required string OwnerId { get; init; }

    public required string Hash { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>From the request to the first prompt; null while there was none.</summary>
    public int? PromptMs { get; set; }

    /// <summary>Why its playground ended; null while it lives.</summary>
    public Core.Sandboxes.EndReason? Reason { get; set; }
}

/// <summary>One image that a catalog entry had, now or before.</summary>
internal sealed class CatalogDigestRow
{
    public required string Name { get; init; }

    public required string Digest { get; init; }

    /// <summary>When the entry got it last.</summary>
    public required DateTimeOffset MadeAt { get; set; }

    /// <summary>The digests of its layers, one after the other with a blank between.</summary>
    public required string Layers { get; set; }
}
