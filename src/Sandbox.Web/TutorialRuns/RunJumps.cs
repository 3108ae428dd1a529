using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Latency;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Links;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.TutorialRuns;

/// <summary>Where a run goes on.</summary>
internal sealed record RunPlaygroundView(string Id, string State, string Url);

/// <summary>A run that went on in another playground.</summary>
/// <param name="Playground">The playground.</param>
/// <param name="Run">The run.</param>
internal sealed record JumpedView(RunPlaygroundView Playground, RunView Run);

/// <summary>
/// Brings runs to a page as it was begun: a new playground starts from the checkpoint in the room of the old one, the run moves
/// there, and the old one ends. Until the new one runs, nothing of the old one is touched. If there is no room for both at once,
/// for the plan, the link or the host, the old one ends first, and the new one waits in the queue if it has to.
/// </summary>
internal sealed class RunJumps(
    SqliteStore store,
    Runs runs,
    TutorialLibrary library,
    TutorialLaunches launches,
    OwnedPlaygrounds playgrounds,
    OwnedLinks links,
    Endings endings,
    TimeProvider time)
{
    /// <summary>
    /// Brings a run to a page. Codes: NotFound, Conflict (the page is ahead, or has no checkpoint), SetupFailed (the scripts
    /// of the page; the old playground goes on), and those of a launch.
    /// </summary>
    /// <param name="owner">Whose run it is.</param>
    /// <param name="playground">Where it takes place.</param>
    /// <param name="number">The page.</param>
    /// <param name="isReset">Whether the page, and those behind it, are to be done again.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<JumpedView> JumpAsync(PersonId owner, PlaygroundId playground, int number, bool isReset, CancellationToken cancellationToken)
    {
        var run = await runs.FindAsync(owner, playground);
        run.OpenStepAt(number);
        var checkpoint = RunViews.CheckpointOf(run.Row, number);
        if (number > 1 && checkpoint is null)
        {
            throw new SandboxException(ErrorCode.Conflict, $"Page {number} has no checkpoint: there was no room for one, or the page before it was never done.");
        }

        var order = await OrderAsync(owner, run.Row, run.Open, checkpoint, number, cancellationToken);
        return await GoAsync(owner, run, playground, order, (db, row) => MoveAsync(db, run.Row.Id, row, checkpoint, number, isReset), cancellationToken);
    }

    /// <summary>
    /// Continues a run by its code: the caller's own where it is, or from its last save; somebody else's as a copy of their own,
    /// from its last checkpoint. Codes: NotFound, and those of a launch.
    /// </summary>
    public async Task<JumpedView> ResumeAsync(PersonId person, string code, CancellationToken cancellationToken)
    {
        var plain = new string([.. code.ToLowerInvariant().Where(char.IsAsciiLetterOrDigit)]);
        var spelled = plain.Length == 12 ? $"{plain[..4]}-{plain[4..8]}-{plain[8..]}" : "";
        var (row, place) = await store.ReadAsync(async db =>
        {
            var row = await db.TutorialRuns.AsNoTracking().Include(row => row.Steps).SingleOrDefaultAsync(row => row.Code == spelled, cancellationToken)
                ?? throw new SandboxException(ErrorCode.NotFound, "No tutorial is continued by this code. Codes are kept for 30 days.");
            return (row, await db.Playgrounds.AsNoTracking().SingleOrDefaultAsync(other => other.Id == row.PlaygroundId, cancellationToken));
        });
        if (row.OwnerId == person.Value && place is { State: not PlaygroundStage.Ended })
        {
            return await ViewAsync(person, await playgrounds.FindAsync(person, PlaygroundId.Parse(place.Id), cancellationToken));
        }

        // The save of an ended playground is later than its last checkpoint.
        var open = await library.OpenAsync(row.SourceHash, row.Path);
        var saved = place is { State: PlaygroundStage.Ended, SavedHash: { } hash } ? hash : null;
        var checkpoint = saved ?? RunViews.CheckpointOf(row, row.Current);
        var number = row.Current;
        var order = await OrderAsync(person, row, open, checkpoint, number, cancellationToken);
        var isOwn = row.OwnerId == person.Value;
        var view = await playgrounds.LaunchOrderAsync(
            person,
            order with { MayWait = true, Admitted = (db, playground) => isOwn ? MoveAsync(db, row.Id, playground, checkpoint, number, isReset: false) : CopyAsync(db, row, playground, checkpoint) },
            null,
            new LaunchTrace(),
            cancellationToken);
        return await ViewAsync(person, view);
    }

    private async Task<LaunchOrder> OrderAsync(PersonId person, TutorialRunRow run, OpenTutorial open, string? checkpoint, int number, CancellationToken cancellationToken)
    {
        if (checkpoint is null)
        {
            var row = await library.FindAsync(person, run.Hash);
            return await launches.FreshAsync(person, row, open, cancellationToken);
        }

        var order = await store.ReadAsync(db => TutorialLaunches.LockAsync(db, checkpoint))
            ?? throw new SandboxException(ErrorCode.Conflict, "This checkpoint no longer exists. It was deleted, or newer saves replaced it.");
        var terminals = run.Steps.Find(step => step.Number == number - 1)?.Terminals;
        return order with { Recipe = order.Recipe with { Parameters = [], Terminals = OpenTerminals.Reopened(terminals) } };
    }

    private async Task<JumpedView> GoAsync(PersonId owner, OpenRun run, PlaygroundId from, LaunchOrder order, Func<SandboxDb, PlaygroundRow, Task> move, CancellationToken cancellationToken)
    {
        string? admitted = null;
        order = order with
        {
            Admitted = (db, row) =>
            {
                admitted = row.Id;
                return move(db, row);
            },
        };
        PlaygroundView view;
        try
        {
            try
            {
                view = await playgrounds.LaunchOrderAsync(owner, order with { Replaces = from }, null, new LaunchTrace(), cancellationToken);
            }
            catch (SandboxException full) when (full.Code is ErrorCode.Quota or ErrorCode.Capacity)
            {
                if (order.Recipe.Nodes.Count > await store.ReadAsync(db => db.Sandboxes.CountAsync(row => row.PlaygroundId == from.Value)))
                {
                    throw; // the room of the old one may not be enough
                }

                // The checkpoints stay, whatever becomes of the launch.
                await endings.EndAsync(from, EndReason.Removed, "Its tutorial goes on in another playground.");
                view = await playgrounds.LaunchOrderAsync(owner, order with { MayWait = true }, null, new LaunchTrace(), CancellationToken.None);
            }
        }
        catch
        {
            await ReturnAsync(run.Row, from, admitted);
            throw;
        }

        await endings.EndAsync(from, EndReason.Removed, "Its tutorial goes on in another playground.");
        return await ViewAsync(owner, view);
    }

    private async Task<JumpedView> ViewAsync(PersonId owner, PlaygroundView view) =>
        new(new RunPlaygroundView(view.Id, view.State, view.Urls.Page), RunViews.View(await runs.FindAsync(owner, PlaygroundId.Parse(view.Id))));

    private async Task MoveAsync(SandboxDb db, string id, PlaygroundRow playground, string? checkpoint, int number, bool isReset)
    {
        var run = await db.TutorialRuns.Include(row => row.Steps).SingleAsync(row => row.Id == id);
        (run.PlaygroundId, run.CheckpointHash, run.Current, run.UsedAt) = (playground.Id, checkpoint, number, time.GetUtcNow());
        foreach (var step in run.Steps.Where(step => step.Number >= number))
        {
            // What the setups made is in none of the checkpoints before them.
            step.SetUpAt = null;
            if (isReset)
            {
                (step.State, step.Answered, step.CheckpointHash, step.Terminals) = (TutorialRunState.Ahead, "", null, null);
            }
        }
    }

    /// <summary>A launch that failed leaves the run where it was, unless another one has moved it meanwhile.</summary>
    private Task<bool> ReturnAsync(TutorialRunRow before, PlaygroundId from, string? admitted) => store.WriteAsync(async db =>
    {
        if (await db.TutorialRuns.Include(row => row.Steps).SingleOrDefaultAsync(row => row.Id == before.Id) is not { } run || run.PlaygroundId != admitted || !await db.Playgrounds.AnyAsync(row => row.Id == from.Value))
        {
            return false;
        }

        (run.PlaygroundId, run.CheckpointHash, run.Current) = (from.Value, before.CheckpointHash, before.Current);
        foreach (var step in run.Steps)
        {
            if (before.Steps.Find(other => other.Number == step.Number) is { } was)
            {
                (step.State, step.Answered, step.SetUpAt, step.CheckpointHash, step.Terminals) = (was.State, was.Answered, was.SetUpAt, was.CheckpointHash, was.Terminals);
            }
        }

        return true;
    });

    /// <summary>A run of somebody else, as one of the caller's own. Only the checkpoint that it begins from is in their storage.</summary>
    private async Task CopyAsync(SandboxDb db, TutorialRunRow from, PlaygroundRow playground, string? checkpoint)
    {
        var now = time.GetUtcNow();
        if (checkpoint is not null && !await db.Links.AnyAsync(row => row.OwnerId == playground.OwnerId && row.Hash == checkpoint))
        {
            db.Links.Add(new LinkRow { OwnerId = playground.OwnerId, Hash = checkpoint, Title = $"{(from.Title.Length > 80 ? from.Title[..80] : from.Title)}, page {from.Current - 1}", Access = LinkAccess.Private, IsAutomatic = true, IsSaved = true, CreatedAt = now, LastOpenedAt = now });
            await db.SaveChangesAsync();
            await links.MakeRoomAsync(db, PersonId.Parse(playground.OwnerId));
        }

        var id = Guid.NewGuid().ToString("n");
        db.TutorialRuns.Add(new TutorialRunRow
        {
            Id = id,
            OwnerId = playground.OwnerId,
            Hash = from.Hash,
            SourceHash = from.SourceHash,
            Path = from.Path,
            Address = from.Address,
            Title = from.Title,
            PlaygroundId = playground.Id,
            Code = TutorialLaunches.NewCode(),
            Current = from.Current,
            Parameters = from.Parameters,
            CheckpointHash = checkpoint,
            StartedAt = now,
            UsedAt = now,
            Steps =
            [
                .. from.Steps.Select(step => new TutorialRunStepRow
                {
                    RunId = id,
                    Number = step.Number,
                    State = step.State,
                    EnteredAt = step.EnteredAt,
                    SetUpAt = step.Number >= from.Current ? null : step.SetUpAt,
                    Answered = step.Answered,
                    CheckpointHash = step.Number == from.Current - 1 ? checkpoint : null,
                    Terminals = step.Number == from.Current - 1 ? step.Terminals : null,
                }),
            ],
        });
    }
}
