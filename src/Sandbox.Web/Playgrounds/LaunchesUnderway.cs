using System.Collections.Concurrent;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Terminals;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>How a caller wants a launch: a repeated request may differ in it.</summary>
/// <param name="AsksAfterFailure">Whether a setup that fails waits for its visitor's decision, rather than ending the launch.</param>
/// <param name="Terminal">The size of the first terminal on the page that asks; null if it does not know that.</param>
/// <param name="MayWait">Whether it waits in a queue while there is no room.</param>
internal sealed record LaunchManner(bool AsksAfterFailure = false, TerminalSize? Terminal = null, bool MayWait = false);

/// <summary>A launch between admission and its end.</summary>
/// <param name="stop">Cancels it.</param>
/// <param name="isAnswered">Whether its caller has an answer already: the launch waited in the queue.</param>
/// <param name="manner">How its caller wants it.</param>
internal sealed class LaunchUnderway(CancellationTokenSource stop, bool isAnswered, LaunchManner manner)
{
    private const int Open = 0;
    private const int Answered = 1;
    private const int Failed = 2;

    private int _answer = isAnswered ? Answered : Open;

    private readonly TaskCompletionSource _settingUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How its caller wants it.</summary>
    public LaunchManner Manner => manner;

    /// <summary>Completes when its setup begins; never, when it has none.</summary>
    public Task SetupBegun => _settingUp.Task;

    /// <summary>Its sandboxes run, and their setup begins.</summary>
    public void SettingUp() => _settingUp.TrySetResult();

    /// <summary>Ends with the row as it is then; fails with the fault the launch failed with.</summary>
    public required Task<PlaygroundRow> Outcome { get; init; }

    public async Task StopAsync()
    {
        try
        {
            await stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It finished at this very moment.
        }
    }

    /// <summary>
    /// A caller stops waiting and answers 202, so a later failure stays on record. False when the launch has failed
    /// already: then its <see cref="Outcome"/> has the fault, and nothing stays.
    /// </summary>
    public bool AnswerFirst() => Interlocked.CompareExchange(ref _answer, Answered, Open) != Failed;

    /// <summary>The launch failed. True when nobody was answered before, so that its callers get the fault.</summary>
    public bool FailFirst() => Interlocked.CompareExchange(ref _answer, Failed, Open) != Answered;
}

/// <summary>The launches that are not over, so that an ending and a repeated request find them.</summary>
internal sealed class LaunchesUnderway
{
    private readonly ConcurrentDictionary<PlaygroundId, LaunchUnderway> _launches = new();

    public void Add(PlaygroundId id, LaunchUnderway launch) => _launches[id] = launch;

    public void Remove(PlaygroundId id) => _launches.TryRemove(id, out _);

    public LaunchUnderway? Find(PlaygroundId id) => _launches.GetValueOrDefault(id);

    /// <summary>Stops a launch and waits until it let go of everything.</summary>
    public async Task StopAsync(PlaygroundId id)
    {
        if (Find(id) is { } launch)
        {
            await launch.StopAsync();
            await launch.Outcome.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }
}
