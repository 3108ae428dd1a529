namespace Sandbox.Web.Store;

/// <summary>The files of one or more tutorials, as one archive in the data directory. Kept while a tutorial or a run needs it.</summary>
internal sealed class TutorialSourceRow
{
    /// <summary>The SHA-256 over the names and contents of its files.</summary>
    public required string Hash { get; init; }

    /// <summary>Bytes of the archive: everybody who publishes it pays for these.</summary>
    public required long Size { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A person's claim on a tutorial. Two people who publish the same files own one each, of one source.</summary>
internal sealed class TutorialRow
{
    /// <summary>The owner of the tutorials that ship with the server.</summary>
    public const string Shipped = "shipped";

    /// <summary>A person's id, or <see cref="Shipped"/>.</summary>
    public required string OwnerId { get; init; }

    /// <summary>The source's hash if the source is this tutorial, else a hash of both the source and the path.</summary>
    public required string Hash { get; init; }

    public required string SourceHash { get; init; }

    /// <summary>The folder or file in the source.</summary>
    public required string Path { get; init; }

    public required string Title { get; init; }

    public required string Summary { get; init; }

    public string? Difficulty { get; init; }

    public string? Time { get; init; }

    /// <summary>A picture: a file of the source, or a URL.</summary>
    public string? Cover { get; init; }

    /// <summary>Pages of the kind step.</summary>
    public required int Steps { get; init; }

    /// <summary>The image that it needs; empty when a link says it.</summary>
    public required string Image { get; init; }

    /// <summary>Why it can only be read, whatever the catalog has; null when it can run.</summary>
    public string? Refusal { get; init; }

    /// <summary>Whether the list shows it to everybody.</summary>
    public required bool IsPublic { get; set; }

    /// <summary>The lock that it starts from; null until its image was ready once.</summary>
    public string? LockHash { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its own test ran last; null when it never did.</summary>
    public DateTimeOffset? TestedAt { get; set; }

    /// <summary>When its own test passed last.</summary>
    public DateTimeOffset? PassedAt { get; set; }

    /// <summary>The result of the last test: the first step that failed, and how. Null when it passed.</summary>
    public string? Failure { get; set; }
}

/// <summary>A name of a tutorial, which its owner moves from version to version.</summary>
internal sealed class TutorialNameRow
{
    public required string Name { get; init; }

    public required string OwnerId { get; init; }

    /// <summary>The tutorial that it leads to now.</summary>
    public required string Hash { get; set; }

    public required DateTimeOffset MovedAt { get; set; }

    /// <summary>Every tutorial that it led to.</summary>
    public List<TutorialVersionRow> Versions { get; init; } = [];
}

/// <summary>Where a name led from a time on.</summary>
internal sealed class TutorialVersionRow
{
    public required string Name { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Hash { get; init; }
}

/// <summary>
/// One person's way through a tutorial. It outlives its playground: a resume code, or a jump to a checkpoint, goes on with
/// it in another one.
/// </summary>
internal sealed class TutorialRunRow
{
    public required string Id { get; init; }

    public required string OwnerId { get; set; }

    /// <summary>The tutorial. While its author edits it, the run goes on with each version.</summary>
    public required string Hash { get; set; }

    public required string SourceHash { get; set; }

    public required string Path { get; set; }

    /// <summary>The name or hash that it was started by.</summary>
    public required string Address { get; init; }

    public required string Title { get; init; }

    /// <summary>Where it takes place now; null once that playground is forgotten.</summary>
    public string? PlaygroundId { get; set; }

    /// <summary>The secret that lets another person continue a copy of the run.</summary>
    public required string Code { get; init; }

    /// <summary>The furthest page that is open, from 1.</summary>
    public required int Current { get; set; }

    /// <summary>The values of parameters as a JSON object.</summary>
    public required string Parameters { get; set; }

    /// <summary>The checkpoint that the playground began from; null when it began from the tutorial's lock.</summary>
    public string? CheckpointHash { get; set; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset UsedAt { get; set; }

    /// <summary>One for each page that was entered, passed or skipped.</summary>
    public List<TutorialRunStepRow> Steps { get; init; } = [];
}

/// <summary>How far a page of a run is.</summary>
internal enum TutorialRunState
{
    Ahead,
    Passed,
    Skipped,
}

/// <summary>One page of a run.</summary>
internal sealed class TutorialRunStepRow
{
    public required string RunId { get; init; }

    /// <summary>The page, from 1.</summary>
    public required int Number { get; init; }

    public TutorialRunState State { get; set; }

    /// <summary>When its setup ran in the present playground; null when it has to run.</summary>
    public DateTimeOffset? SetUpAt { get; set; }

    /// <summary>When somebody came to it first.</summary>
    public DateTimeOffset? EnteredAt { get; set; }

    /// <summary>The indices of the questions that were answered, with a blank between.</summary>
    public string Answered { get; set; } = "";

    /// <summary>The lock that holds the state in which it was passed or skipped; null when none was saved.</summary>
    public string? CheckpointHash { get; set; }

    /// <summary>The terminals of that moment, as JSON.</summary>
    public string? Terminals { get; set; }
}

/// <summary>How visitors did at one page of a tutorial, for its author.</summary>
internal sealed class TutorialCountRow
{
    public required string Hash { get; init; }

    public required int Number { get; init; }

    public int Entered { get; set; }

    public int Passed { get; set; }

    public int Skipped { get; set; }

    /// <summary>Checks that failed.</summary>
    public int Failed { get; set; }
}

/// <summary>How often one part of a page's check failed, for the author of the tutorial.</summary>
internal sealed class TutorialFailureRow
{
    public required string Hash { get; init; }

    public required int Number { get; init; }

    /// <summary>The part's name as the author's script has it; empty for all others.</summary>
    public required string Part { get; init; }

    public int Count { get; set; }
}

/// <summary>A visitor's report about a page.</summary>
internal sealed class TutorialReportRow
{
    public required string Id { get; init; }

    public required string Hash { get; init; }

    public required int Number { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The visitor's words.</summary>
    public required string Text { get; init; }

    /// <summary>The last command of their terminal; null when the page knew none.</summary>
    public string? Command { get; init; }

    /// <summary>The image that the sandbox ran.</summary>
    public required string Digest { get; init; }
}
