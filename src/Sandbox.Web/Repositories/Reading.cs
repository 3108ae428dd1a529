using Sandbox.Core.Errors;
using Sandbox.Core.Ids;
using Sandbox.Core.People;
using Sandbox.Recipes.Addresses;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.Repositories;

/// <summary>How far a reading is.</summary>
internal enum ReadingState
{
    Reading,
    Done,
    Failed,
}

/// <summary>The outcome of a reading.</summary>
/// <param name="Page">The path of the page to go to.</param>
/// <param name="Hash">The link's hash; null for other outcomes.</param>
internal sealed record ReadingResult(string Page, string? Hash)
{
    /// <summary>The commit that was read.</summary>
    public required string Commit { get; init; }

    /// <summary>The file that decides; null when there is none.</summary>
    public string? File { get; init; }

    /// <summary>Whether the author's image has to be built, so that another one is started.</summary>
    public bool NeedsBuilds { get; init; }

    /// <summary>The tutorials that were published.</summary>
    public IReadOnlyList<PublishedTutorialView> Tutorials { get; init; } = [];

    /// <summary>A sentence for each part that was left out.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>One repository that is read for a person, in words as it goes on.</summary>
/// <param name="owner">The person.</param>
/// <param name="address">The repository.</param>
/// <param name="kind">What becomes of it: equal addresses of one kind are read once.</param>
/// <param name="stop">Cancels it.</param>
internal sealed class Reading(PersonId owner, RepositoryAddress address, object kind, CancellationTokenSource stop)
{
    private const int MostLines = 200;
    private const int MostLineLength = 300;

    private readonly Lock _gate = new();
    private readonly List<string> _log = [];
    private string _step = "Waiting for another repository of yours";

    public string Id { get; } = IdText.Random();

    public PersonId Owner => owner;

    public RepositoryAddress Address => address;

    public object Kind => kind;

    /// <summary>When it ended; null while it goes on.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Ends with the outcome, or with the fault.</summary>
    public required Task<ReadingResult> Outcome { get; init; }

    public ReadingState State => !Outcome.IsCompleted ? ReadingState.Reading : Outcome.IsCompletedSuccessfully ? ReadingState.Done : ReadingState.Failed;

    /// <summary>What went wrong; null unless it failed.</summary>
    public SandboxException? Fault => Outcome.Exception?.InnerException as SandboxException;

    /// <summary>What is being done, for people.</summary>
    public void Say(string step)
    {
        lock (_gate)
        {
            _step = step;
        }
    }

    /// <summary>Adds what a program printed.</summary>
    public void Note(string text)
    {
        lock (_gate)
        {
            foreach (var line in text.Split('\n', '\r').Where(line => line.Trim().Length > 0).Take(MostLines - _log.Count))
            {
                _log.Add(string.Concat(line.Take(MostLineLength).Select(letter => char.IsControl(letter) ? ' ' : letter)));
            }
        }
    }

    public (string Step, IReadOnlyList<string> Log) Words()
    {
        lock (_gate)
        {
            return (_step, [.. _log]);
        }
    }

    public async Task CancelAsync()
    {
        try
        {
            await stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It ended at this very moment.
        }
    }
}
