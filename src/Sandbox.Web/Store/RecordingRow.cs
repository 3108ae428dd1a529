namespace Sandbox.Web.Store;

/// <summary>How far a recording is.</summary>
internal enum RecordingState
{
    Recording,
    Finished,
    Failed,
}

/// <summary>Why a recording is over.</summary>
internal enum RecordingReason
{
    /// <summary>Its owner stopped it.</summary>
    Stopped,

    /// <summary>What ran in the terminal ended.</summary>
    Exited,

    /// <summary>The terminal is gone, with its sandbox or by itself.</summary>
    Closed,

    /// <summary>It is as large as one may be.</summary>
    Size,

    /// <summary>It is as long as one may be.</summary>
    Time,

    /// <summary>Its owner's recordings are as large together as they may be.</summary>
    Quota,

    /// <summary>The host keeps the rest of its disk, or of what it grants all recordings.</summary>
    Disk,

    /// <summary>A fault of ours.</summary>
    Fault,
}

/// <summary>Who owns a recording and what became of it. Its content is a file of its own.</summary>
internal sealed class RecordingRow
{
    public required string Id { get; init; }

    public required string OwnerId { get; init; }

    public required string TerminalId { get; init; }

    public required string PlaygroundId { get; init; }

    /// <summary>The title of the image, kept here because a playground is forgotten before its recordings.</summary>
    public required string Title { get; init; }

    public required string Name { get; set; }

    public required RecordingState State { get; set; }

    public RecordingReason? Reason { get; set; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Milliseconds. While it is recorded: when this was written down last.</summary>
    public long DurationMs { get; set; }

    /// <summary>Length of the file; while it is recorded as of when this was written down last.</summary>
    public long Bytes { get; set; }

    /// <summary>The size the terminal had first.</summary>
    public required int Cols { get; init; }

    public required int Rows { get; init; }
}
