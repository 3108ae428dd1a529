using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Terminals;
using Sandbox.Web.Store;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Recordings;

/// <summary>The recordings that run now. The viewers of their terminals are told when each begins and ends.</summary>
internal sealed partial class RunningRecordings(
    SqliteStore store,
    RecordingFiles files,
    TerminalFollowers followers,
    ILogger<RunningRecordings> logger)
{
    private readonly ConcurrentDictionary<TerminalId, (Recorder Recorder, Task Run)> _running = new();
    private volatile bool _rests;

    /// <summary>All of them, as they are at this moment.</summary>
    public IReadOnlyList<Recorder> All => [.. _running.Values.Select(found => found.Recorder)];

    public Recorder? Of(TerminalId terminal) => _running.TryGetValue(terminal, out var found) ? found.Recorder : null;

    public Recorder? Find(RecordingId id) => _running.Values.Select(found => found.Recorder).FirstOrDefault(recorder => recorder.Id == id);

    /// <summary>Starts a recorder and takes it over. False when its terminal is recorded already.</summary>
    public bool TryRun(Recorder recorder)
    {
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var run = RunAsync(recorder, begin.Task);
        var added = !_rests && _running.TryAdd(recorder.Terminal, (recorder, run));
        if (added)
        {
            followers.TryAdd(recorder.Terminal, recorder);
            begin.SetResult();
            if (_rests)
            {
                recorder.Stop(reason: null);
            }
        }
        else
        {
            begin.SetCanceled();
        }

        return added;
    }

    /// <summary>Stops one and waits until its row says so. False when it does not run.</summary>
    public async Task<bool> StopAsync(RecordingId id)
    {
        foreach (var (recorder, run) in _running.Values)
        {
            if (recorder.Id == id)
            {
                recorder.Stop(RecordingReason.Stopped);
                await run;
                return true;
            }
        }

        return false;
    }

    /// <summary>This process ends; the next one goes on with them.</summary>
    public async Task RestAsync()
    {
        _rests = true;
        foreach (var (recorder, _) in _running.Values)
        {
            recorder.Stop(reason: null);
        }

        await Task.WhenAll(_running.Values.Select(found => found.Run));
    }

    /// <summary>Writes down how far they are, for lists.</summary>
    public async Task NoteAsync()
    {
        if (_running.IsEmpty)
        {
            return;
        }

        await store.WriteAsync(async db =>
        {
            foreach (var (recorder, _) in _running.Values)
            {
                await db.Recordings.Where(row => row.Id == recorder.Id.Value && row.State == RecordingState.Recording).ExecuteUpdateAsync(set => set
                    .SetProperty(row => row.Bytes, recorder.Bytes).SetProperty(row => row.DurationMs, recorder.DurationMs));
            }

            return true;
        });
    }

    /// <summary>Writes down that a recording is over.</summary>
    public Task EndAsync(RecordingId id, RecordingState state, RecordingEnd end)
    {
        files.Finish(id);
        return store.WriteAsync(db => db.Recordings.Where(row => row.Id == id.Value && row.State == RecordingState.Recording).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.State, state)
            .SetProperty(row => row.Reason, end.Reason)
            .SetProperty(row => row.Bytes, end.Bytes)
            .SetProperty(row => row.DurationMs, end.DurationMs)));
    }

    private async Task RunAsync(Recorder recorder, Task begin)
    {
        try
        {
            await begin;
        }
        catch (OperationCanceledException)
        {
            return;
        }

        try
        {
            await followers.AnnounceAsync(recorder.Terminal);
            var end = await recorder.RunAsync();
            if (end.Reason is not null)
            {
                await EndAsync(recorder.Id, RecordingState.Finished, end);
            }
        }
        catch (Exception fault)
        {
            Log.Failed(logger, fault, recorder.Id.Value);
            await EndAsync(recorder.Id, RecordingState.Failed, new RecordingEnd(RecordingReason.Fault, recorder.Bytes, recorder.DurationMs));
        }
        finally
        {
            followers.Remove(recorder.Terminal, recorder);
            _running.TryRemove(recorder.Terminal, out _);
            recorder.Dispose();
        }

        await followers.AnnounceAsync(recorder.Terminal);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Recording {Recording} failed")]
        public static partial void Failed(ILogger logger, Exception fault, string recording);
    }
}
