using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Terminals;
using Sandbox.Web.Store;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Recordings;

/// <summary>Goes on with the recordings that the last process left, writes down how far they are, and deletes those kept long enough.</summary>
internal sealed partial class RecordingKeeper(
    SqliteStore store,
    RecordingFiles files,
    RecordingSpace space,
    RunningRecordings running,
    OldRecordings old,
    TerminalDirectory directory,
    Audiences audiences,
    WebOptions options,
    TimeProvider time,
    ILogger<RecordingKeeper> logger) : BackgroundService
{
    private const int RoundsBetweenSweeps = 6;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        files.Prepare();
        var rows = await store.ReadAsync(db => db.Recordings.AsNoTracking().ToListAsync(cancellationToken));
        files.Sweep(rows.Select(row => row.Id).ToHashSet(StringComparer.Ordinal));
        foreach (var row in rows)
        {
            var file = new FileInfo(files.PathOf(RecordingId.Parse(row.Id)));
            space.Count(PersonId.Parse(row.OwnerId), file.Exists ? file.Length : 0);
        }

        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await running.RestAsync();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var left = await store.ReadAsync(db => db.Recordings.AsNoTracking().Where(row => row.State == RecordingState.Recording).ToListAsync(stoppingToken));
        await Task.WhenAll(left.Select(row => GoOnAsync(row, stoppingToken)));
        using var timer = new PeriodicTimer(Period);
        for (var round = 0; ; round++)
        {
            try
            {
                if (round % RoundsBetweenSweeps == 0)
                {
                    await SweepAsync();
                }

                await running.NoteAsync();
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                // A full disk, say: the next round tries again.
                Log.Failed(logger, fault);
            }

            await timer.WaitForNextTickAsync(stoppingToken);
        }
    }

    internal async Task SweepAsync()
    {
        await old.SweepAsync();

        // Those whose end could not be written down, on a full disk say.
        var now = time.GetUtcNow() - TimeSpan.FromMinutes(1);
        foreach (var row in await store.ReadAsync(db => db.Recordings.AsNoTracking().Where(row => row.State == RecordingState.Recording && row.StartedAt < now).ToListAsync()))
        {
            if (running.Find(RecordingId.Parse(row.Id)) is null)
            {
                await EndAsync(RecordingId.Parse(row.Id));
            }
        }
    }

    private async Task GoOnAsync(RecordingRow row, CancellationToken stoppingToken)
    {
        var id = RecordingId.Parse(row.Id);
        try
        {
            var terminal = await PlaceAsync(row, stoppingToken);
            if (terminal is not null && CastFile.Reopen(files.PathOf(id), out var place) is { } file)
            {
                // What was appended and not noted is cut off, and comes again.
                var owner = PersonId.Parse(row.OwnerId);
                var recorded = TerminalId.Parse(row.TerminalId);
                var start = new RecorderStart(id, owner, recorded, row.StartedAt, token => directory.ConnectAsync(terminal, recorded, token), terminal.IsMarked, audiences.Of(recorded, PlaygroundId.Parse(row.PlaygroundId)));
                var recorder = new Recorder(start, file, place, (row.Cols, row.Rows), space, old, options, time);
                if (running.TryRun(recorder))
                {
                    return;
                }

                recorder.Dispose();
            }

            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await EndAsync(id);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            Log.NotGoneOn(logger, fault, row.Id);
        }
    }

    /// <summary>With what its file holds.</summary>
    private Task EndAsync(RecordingId id)
    {
        var left = CastFile.CutTorn(files.PathOf(id));
        return left.Length > 0
            ? running.EndAsync(id, RecordingState.Finished, new RecordingEnd(RecordingReason.Closed, left.Length, left.Last))
            : running.EndAsync(id, RecordingState.Failed, new RecordingEnd(RecordingReason.Fault, 0, 0));
    }

    /// <summary>Where the terminal is; null when it is gone. The daemon may start beside us, so it is waited for.</summary>
    private async Task<TerminalPlace?> PlaceAsync(RecordingRow row, CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                return await directory.FindAsync(PersonId.Parse(row.OwnerId), row.TerminalId, stoppingToken);
            }
            catch (SandboxException fault) when (fault.Code == ErrorCode.NotFound)
            {
                return null;
            }
            catch (SandboxException fault) when (fault.Code is ErrorCode.RuntimeUnavailable or ErrorCode.Timeout)
            {
                await Task.Delay(Pause, stoppingToken);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A round over the recordings failed")]
        public static partial void Failed(ILogger logger, Exception fault);

        [LoggerMessage(Level = LogLevel.Error, Message = "Recording {Recording} could not be gone on with")]
        public static partial void NotGoneOn(ILogger logger, Exception fault, string recording);
    }
}
