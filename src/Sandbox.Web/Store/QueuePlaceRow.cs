namespace Sandbox.Web.Store;

/// <summary>A queued playground that waits for room on the host. It holds nothing of the host until the row is gone.</summary>
internal sealed class QueuePlaceRow
{
    /// <summary>Grows: the order in which they came.</summary>
    public long Id { get; init; }

    public required string PlaygroundId { get; init; }

    public PlaygroundRow? Playground { get; init; }

    public required DateTimeOffset JoinedAt { get; init; }
}
