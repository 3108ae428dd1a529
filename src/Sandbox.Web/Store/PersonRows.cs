namespace Sandbox.Web.Store;

/// <summary>How a person signed in.</summary>
internal enum PersonKind
{
    Guest,
    Operator,
}

/// <summary>A guest or an operator, with the plan that bounds them.</summary>
internal sealed class PersonRow
{
    public required string Id { get; init; }

    public required PersonKind Kind { get; init; }

    public required string PlanName { get; set; }

    public PlanRow? Plan { get; init; }

    /// <summary>Overrides the plan's limit of playgrounds; null leaves it to the plan.</summary>
    public int? MaxPlaygrounds { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; set; }

    /// <summary>Since when an operator keeps them out; null for nobody.</summary>
    public DateTimeOffset? SuspendedAt { get; set; }

    /// <summary>Why, for the person.</summary>
    public string? SuspendedReason { get; set; }
}

/// <summary>A bearer token or an operator's session. Only its SHA-256 is stored, so a leaked database signs nobody in.</summary>
internal sealed class TokenRow
{
    public required string Hash { get; init; }

    public required string PersonId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null for a guest's token, which lives as long as the guest's row.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A one-time sign-in link of an operator, by the SHA-256 of its token.</summary>
internal sealed class AdminLinkRow
{
    public required string Hash { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? UsedAt { get; set; }
}

/// <summary>When all passwords or tokens of one kind were revoked, those that are stored nowhere.</summary>
internal sealed class RevocationRow
{
    /// <summary>What they open.</summary>
    public required string Subject { get; init; }

    public required DateTimeOffset At { get; set; }
}
