namespace Sandbox.Web.Store;

/// <summary>What the holder of a link may do with its terminal.</summary>
internal enum ShareAccess
{
    Watch,
    Type,
}

/// <summary>
/// A link to one terminal. Only the SHA-256 of its secret is kept: who reads the database cannot use it. It ends with
/// its playground, and its row goes with the playground's.
/// </summary>
internal sealed class ShareRow
{
    public required string Id { get; init; }

    public required string Hash { get; init; }

    public required string TerminalId { get; init; }

    public required string SandboxId { get; init; }

    public required string PlaygroundId { get; init; }

    public required string OwnerId { get; init; }

    public required ShareAccess Access { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null: as long as the terminal lives.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }
}
