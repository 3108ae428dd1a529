using Microsoft.EntityFrameworkCore;
using Sandbox.Core.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Recordings;

/// <summary>
/// Recordings that go: each after its days, and when all together hold as much as they may, the oldest of guests, and
/// those that guests make just now if there are no others. A guest costs nothing, so without that one visitor who comes as
/// many of them ends recording for everybody.
/// </summary>
internal sealed partial class OldRecordings(
    SqliteStore store,
    RecordingFiles files,
    RecordingSpace space,
    RunningRecordings running,
    WebOptions options,
    TimeProvider time,
    ILogger<OldRecordings> logger) : IDisposable
{
    private const int MostAtOnce = 256;

    /// <summary>When there was nothing that could go, it is looked for again after this.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>One that was ended may go after this.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private DateTimeOffset _nextLook;
    private RecordingId? _ending;

    /// <summary>How long a person's recordings are kept; a guest's perhaps less.</summary>
    public async Task<(int Days, bool IsGuest)> KeptAsync(PersonId owner)
    {
        var isGuest = !await store.ReadAsync(db => db.People.AnyAsync(person => person.Id == owner.Value && person.Kind != PersonKind.Guest));
        return (isGuest ? options.Recordings.GuestKeptDays : options.Recordings.KeptDays, isGuest);
    }

    /// <summary>Deletes those kept long enough.</summary>
    public Task SweepAsync()
    {
        var before = time.GetUtcNow().AddDays(-options.Recordings.KeptDays);
        var guestsBefore = time.GetUtcNow().AddDays(-options.Recordings.GuestKeptDays);
        return DeleteAsync(async db =>
        [
            .. await Over(db, ofGuests: false).Where(row => row.StartedAt < before).ToListAsync(),
            .. await Over(db, ofGuests: true).Where(row => row.StartedAt < guestsBefore).ToListAsync(),
        ]);
    }

    /// <summary>Makes room for more, if there is little and something may go.</summary>
    public async Task MakeRoomAsync()
    {
        if (!space.IsTight)
        {
            return;
        }

        await _turn.WaitAsync();
        try
        {
            var now = time.GetUtcNow();
            if (space.IsTight && now >= _nextLook)
            {
                _nextLook = now + Pause;
                var excess = space.Excess;
                if (await DeleteAsync(async db => Enough(await Over(db, ofGuests: true).OrderBy(row => row.StartedAt).Take(MostAtOnce).ToListAsync(), excess)) > 0)
                {
                    _nextLook = now;
                }
                else if (await EndOneAsync())
                {
                    _nextLook = now + Moment;
                }
            }
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // Deleting is tried again later; a writer learns whether there is room.
            Log.Failed(logger, fault);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>Ends the largest of the guest who holds most of those who record now; not a second one before that is over. Its recorder may be who asks, so it is not waited for.</summary>
    private async Task<bool> EndOneAsync()
    {
        if (_ending is { } ending && running.Find(ending) is not null)
        {
            return true;
        }

        var owners = running.All.Select(recorder => recorder.Owner.Value).Distinct(StringComparer.Ordinal).ToList();
        var known = await store.ReadAsync(db => db.People.Where(person => owners.Contains(person.Id) && person.Kind != PersonKind.Guest).Select(person => person.Id).ToListAsync());
        var largest = running.All.Where(recorder => owners.Contains(recorder.Owner.Value) && !known.Contains(recorder.Owner.Value))
            .OrderByDescending(recorder => space.HeldBy(recorder.Owner)).ThenByDescending(recorder => recorder.Bytes).FirstOrDefault();
        _ending = largest?.Id;
        largest?.Stop(RecordingReason.Disk);
        return largest is not null;
    }

    /// <summary>An owner without a row was a guest: only guests are deleted.</summary>
    private static IQueryable<RecordingRow> Over(SandboxDb db, bool ofGuests) => db.Recordings.AsNoTracking()
        .Where(row => row.State != RecordingState.Recording && db.People.Any(person => person.Id == row.OwnerId && person.Kind != PersonKind.Guest) != ofGuests);

    private static List<RecordingRow> Enough(List<RecordingRow> oldest, long bytes)
    {
        var count = 0;
        for (var sum = 0L; count < oldest.Count && sum < bytes; count++)
        {
            sum += oldest[count].Bytes;
        }

        return oldest[..count];
    }

    /// <summary>The rows first: a file that nobody names is swept, a row without its file would be seen.</summary>
    private async Task<int> DeleteAsync(Func<SandboxDb, Task<List<RecordingRow>>> which)
    {
        var gone = await store.WriteAsync(async db =>
        {
            var rows = await which(db);
            var ids = rows.Select(row => row.Id).ToList();
            await db.Recordings.Where(row => ids.Contains(row.Id)).ExecuteDeleteAsync();
            return rows;
        });
        foreach (var row in gone)
        {
            files.Delete(RecordingId.Parse(row.Id));
            space.Give(PersonId.Parse(row.OwnerId), row.Bytes);
        }

        return gone.Count;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Making room for recordings failed")]
        public static partial void Failed(ILogger logger, Exception fault);
    }
}
