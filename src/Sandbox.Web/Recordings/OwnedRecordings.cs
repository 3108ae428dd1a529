using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Terminals;
using Sandbox.Web.Catalog;
using Sandbox.Web.Store;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Recordings;

/// <summary>A recording, as REST and the pages show it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="TerminalId">What was recorded.</param>
/// <param name="PlaygroundId">Where that was.</param>
/// <param name="Title">The title of the image there.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="State">recording, finished or failed.</param>
/// <param name="Reason">Why it is over, in snake_case: stopped, exited, closed, size, time, quota, disk, fault.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="ExpiresAt">When it is deleted; a guest's before that, as one of the oldest, when all recordings together hold as much as they may.</param>
/// <param name="DurationSeconds">How long it lasts.</param>
/// <param name="Bytes">How large its file is.</param>
/// <param name="Cols">Columns at its start.</param>
/// <param name="Rows">Rows at its start.</param>
/// <param name="Urls">Where it is reached.</param>
public sealed record RecordingView(
    string Id,
    string TerminalId,
    string PlaygroundId,
    string Title,
    string Name,
    string State,
    string? Reason,
    DateTimeOffset StartedAt,
    DateTimeOffset ExpiresAt,
    double DurationSeconds,
    long Bytes,
    int Cols,
    int Rows,
    RecordingUrls Urls);

/// <summary>Where a recording is reached.</summary>
public sealed record RecordingUrls(string Page, string Api, string Cast);

/// <summary>What a person does with recordings. Ownership is part of every query: what is somebody else's is not found.</summary>
internal sealed class OwnedRecordings(
    SqliteStore store,
    RecordingFiles files,
    RecordingSpace space,
    RunningRecordings running,
    OldRecordings old,
    TerminalDirectory directory,
    Audiences audiences,
    ImageCatalog catalog,
    WebOptions options,
    TimeProvider time)
{
    private const int MostName = 100;

    public async Task<IReadOnlyList<RecordingView>> ListAsync(PersonId owner, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(db => db.Recordings.AsNoTracking()
            .Where(row => row.OwnerId == owner.Value).OrderByDescending(row => row.StartedAt).ToListAsync(cancellationToken));
        var (days, _) = await old.KeptAsync(owner);
        return [.. rows.Select(row => View(row, days))];
    }

    public async Task<RecordingView> FindAsync(PersonId owner, RecordingId id) => View(await RowAsync(owner, id), (await old.KeptAsync(owner)).Days);

    /// <summary>Begins to record a terminal. Codes: NotFound, Invalid, Conflict, Quota, Capacity, DiskFull.</summary>
    public async Task<RecordingView> StartAsync(PersonId owner, string terminal, StartRequest request, CancellationToken cancellationToken)
    {
        var (name, cols, rows, screen) = (request.Name, request.Cols, request.Rows, request.Screen);
        if (cols is < 1 or > 1000 || rows is < 1 or > 1000)
        {
            throw new SandboxException(ErrorCode.Invalid, "cols and rows: 1 to 1000");
        }

        var place = await directory.FindAsync(owner, terminal, cancellationToken);
        await old.MakeRoomAsync();
        space.Check(owner);
        var audience = audiences.Of(TerminalId.Parse(terminal), place.Playground);
        if (audience.Snapshot(static _ => false) is { Cols: > 0 } size)
        {
            (cols, rows) = (size.Cols, size.Rows);
        }

        var called = name is null ? null : CleanName(name);
        var image = await store.ReadAsync(db => db.Playgrounds.Where(found => found.Id == place.Playground.Value).Select(found => found.Image).SingleOrDefaultAsync(cancellationToken))
            ?? throw TerminalDirectory.Unknown();
        var title = (await catalog.ListAsync(includeHidden: true, cancellationToken)).FirstOrDefault(found => found.Name == image)?.Title ?? image;
        var id = RecordingId.New();
        var row = await store.WriteAsync(async db =>
        {
            var mine = await db.Recordings.AsNoTracking().Where(found => found.OwnerId == owner.Value).Select(found => new { found.TerminalId, found.State }).ToListAsync();
            if (mine.Exists(found => found.TerminalId == terminal && found.State == RecordingState.Recording))
            {
                throw new SandboxException(ErrorCode.Conflict, "This terminal is being recorded already.");
            }

            if (mine.Count >= options.Recordings.PerPerson)
            {
                throw new SandboxException(ErrorCode.Quota, $"You have {mine.Count} of the {options.Recordings.PerPerson} recordings you may keep. Delete one first.");
            }

            var added = new RecordingRow
            {
                Id = id.Value,
                OwnerId = owner.Value,
                TerminalId = terminal,
                PlaygroundId = place.Playground.Value,
                Title = title,
                Name = called ?? title,
                State = RecordingState.Recording,
                StartedAt = time.GetUtcNow(),
                Cols = cols,
                Rows = rows,
            };
            db.Recordings.Add(added);
            return added;
        });
        try
        {
            var recorded = TerminalId.Parse(terminal);
            var start = new RecorderStart(id, owner, recorded, row.StartedAt, token => directory.ConnectAsync(place, recorded, token), place.IsMarked, audience);
            var recorder = new Recorder(start, files.Create(id), default, (cols, rows), space, old, options, time);
            recorder.Begin(row.Name, screen);
            if (!running.TryRun(recorder))
            {
                recorder.Dispose();
                throw new SandboxException(ErrorCode.Conflict, "This terminal is being recorded already.");
            }

            await recorder.Attached;
        }
        catch
        {
            await RemoveAsync(row);
            throw;
        }

        return View(row, (await old.KeptAsync(owner)).Days);
    }

    /// <summary>Stops it; one that is over stays as it is.</summary>
    public async Task<RecordingView> StopAsync(PersonId owner, RecordingId id)
    {
        await RowAsync(owner, id);
        await running.StopAsync(id);
        return await FindAsync(owner, id);
    }

    public async Task<RecordingView> RenameAsync(PersonId owner, RecordingId id, string name)
    {
        var clean = CleanName(name);
        await store.WriteAsync(db => db.Recordings.Where(row => row.Id == id.Value && row.OwnerId == owner.Value)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Name, clean)));
        return await FindAsync(owner, id);
    }

    public async Task DeleteAsync(PersonId owner, RecordingId id)
    {
        await RowAsync(owner, id);
        await running.StopAsync(id);
        await RemoveAsync(await RowAsync(owner, id));
    }

    /// <summary>What it holds now, as a file open for reading and how much of it is whole.</summary>
    public async Task<(RecordingView View, FileStream File, long Length)> OpenAsync(PersonId owner, RecordingId id)
    {
        var view = await FindAsync(owner, id);
        try
        {
            var file = new FileStream(files.PathOf(id), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
            return (view, file, running.Find(id)?.Bytes ?? file.Length);
        }
        catch (FileNotFoundException)
        {
            throw Unknown();
        }
    }

    public static SandboxException Unknown() => new(ErrorCode.NotFound, "You have no such recording; it may have been deleted.");

    private async Task<RecordingRow> RowAsync(PersonId owner, RecordingId id) =>
        await store.ReadAsync(db => db.Recordings.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id.Value && row.OwnerId == owner.Value)) ?? throw Unknown();

    /// <summary>The row first: a file that nobody names is swept, a row without its file would be seen.</summary>
    private async Task RemoveAsync(RecordingRow row)
    {
        if (await store.WriteAsync(db => db.Recordings.Where(found => found.Id == row.Id).ExecuteDeleteAsync()) == 0)
        {
            return;
        }

        var id = RecordingId.Parse(row.Id);
        var file = new FileInfo(files.PathOf(id));
        space.Give(PersonId.Parse(row.OwnerId), file.Exists ? file.Length : 0);
        files.Delete(id);
    }

    private RecordingView View(RecordingRow row, int days)
    {
        var now = row.State == RecordingState.Recording ? running.Find(RecordingId.Parse(row.Id)) : null;
        return new RecordingView(
            row.Id,
            row.TerminalId,
            row.PlaygroundId,
            row.Title,
            row.Name,
            row.State.ToString().ToLowerInvariant(),
            row.Reason?.ToString().ToLowerInvariant(),
            row.StartedAt,
            row.StartedAt.AddDays(days),
            now?.Elapsed.TotalSeconds ?? row.DurationMs / 1000d,
            now?.Bytes ?? row.Bytes,
            row.Cols,
            row.Rows,
            new RecordingUrls($"/recordings/{row.Id}", $"/api/v1/recordings/{row.Id}", $"/api/v1/recordings/{row.Id}/cast"));
    }

    private static string CleanName(string name)
    {
        var clean = name.Trim();
        return clean.Length is > 0 and <= MostName && !clean.EnumerateRunes().Any(rune => rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            ? clean
            : throw new SandboxException(ErrorCode.Invalid, $"name: 1 to {MostName} characters, none of them a control character");
    }
}
