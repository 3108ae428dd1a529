using Sandbox.Core.Leases;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Web.Store;

/// <summary>How far a playground is. What its sandboxes do meanwhile is theirs to say.</summary>
internal enum PlaygroundStage
{
    Queued,
    Starting,
    Running,
    Ended,
}

internal sealed class PlaygroundRow
{
    public required string Id { get; init; }

    public required string OwnerId { get; init; }

    public PersonRow? Owner { get; set; }

    /// <summary>The catalog name of the first node's image.</summary>
    public required string Image { get; init; }

    /// <summary>
    /// The recipe as it was asked for, so that a queued one starts after a restart too. Empty once it has ended: ended
    /// ones are kept for a day, and a recipe holds two megabytes of whatever somebody sends again and again.
    /// </summary>
    public required string Recipe { get; init; }

    public required PlaygroundStage State { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset GrantedAt { get; set; }

    public required DateTimeOffset EndsAt { get; set; }

    public bool WasExtended { get; set; }

    public EndReason? Reason { get; set; }

    /// <summary>Why it ended, for its owner.</summary>
    public string? Message { get; set; }

    /// <summary>The code of the fault the launch failed with.</summary>
    public string? ErrorCode { get; set; }

    public required DateTimeOffset LastActiveAt { get; set; }

    public List<SandboxRow> Sandboxes { get; init; } = [];

    public Lease Lease => new() { GrantedAt = GrantedAt, EndsAt = EndsAt, WasExtended = WasExtended, Reason = Reason };
}

internal sealed class SandboxRow
{
    public required string Id { get; init; }

    public required string PlaygroundId { get; init; }

    public PlaygroundRow? Playground { get; init; }

    /// <summary>Which node of the recipe it is.</summary>
    public required int Node { get; init; }

    public required string Name { get; init; }

    public required string Image { get; init; }

    /// <summary>Empty while the image is being made.</summary>
    public required string Digest { get; set; }

    public required bool Interactive { get; set; }

    /// <summary>Memory promised to it.</summary>
    public required long MemoryBytes { get; init; }

    public required SandboxState State { get; set; }

    public int? ExitCode { get; set; }
}

/// <summary>An Idempotency-Key that was used: the same key asks for the same playground.</summary>
internal sealed class IdempotencyRow
{
    public required string OwnerId { get; init; }

    public required string Key { get; init; }

    /// <summary>SHA-256 of the recipe: another recipe under one key is a mistake.</summary>
    public required string RequestHash { get; init; }

    public required string PlaygroundId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
