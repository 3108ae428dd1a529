using System.Text;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Latency;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>What a person does with playgrounds. Ownership is part of every query: what is somebody else's is not found.</summary>
internal sealed class OwnedPlaygrounds(
    SqliteStore store,
    ISandboxRuntime runtime,
    ImageCatalog catalog,
    Admission admission,
    Launcher launcher,
    LaunchesUnderway underway,
    Endings endings,
    SandboxStates states,
    Presence presence,
    LiveLatency latency,
    WebOptions options,
    TimeProvider time)
{
    private const int MostKeyLength = 255;

    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    public async Task<IReadOnlyList<PlaygroundView>> ListAsync(PersonId owner, CancellationToken cancellationToken)
    {
        var yesterday = time.GetUtcNow().AddDays(-1);
        var rows = await store.ReadAsync(db => db.Playgrounds.WithAll()
            .Where(row => row.OwnerId == owner.Value && (row.State != PlaygroundStage.Ended || row.EndsAt > yesterday))
            .OrderByDescending(row => row.CreatedAt).Take(200).ToListAsync(cancellationToken));
        return [.. rows.Select(View)];
    }

    public async Task<PlaygroundView> FindAsync(PersonId owner, PlaygroundId id, CancellationToken cancellationToken) =>
        View(await RowAsync(owner, id));

    public Task<PlaygroundView> LaunchAsync(PersonId owner, Recipe recipe, string? idempotencyKey, CancellationToken cancellationToken) =>
        LaunchAsync(owner, recipe, idempotencyKey, new LaunchTrace(), cancellationToken);

    /// <inheritdoc cref="LaunchAsync(PersonId, Recipe, string?, CancellationToken)"/>
    public async Task<PlaygroundView> LaunchAsync(PersonId owner, Recipe recipe, string? idempotencyKey, LaunchTrace trace, CancellationToken cancellationToken)
    {
        Check(recipe, idempotencyKey);
        var asked = latency.Now;
        var images = recipe.Nodes.Select(node => catalog.Resolve(node.Image)).ToList();
        var admitted = await admission.AdmitAsync(owner, recipe, images, idempotencyKey);
        trace.Mark("admit");

        var row = admitted.Row;
        var id = PlaygroundId.Parse(row.Id);
        var launch = admitted.IsRepeat ? underway.Find(id) : null;
        if (!admitted.IsRepeat && row.State == PlaygroundStage.Starting)
        {
            launch = launcher.Begin(row, recipe, trace);
        }
        else if (!admitted.IsRepeat)
        {
            // It may have become ready between the look and the commit, when nobody waited for it yet.
            await launcher.ReleaseAsync(row.Image);
            return View(await RowAsync(owner, id));
        }

        if (launch is null)
        {
            return View(row);
        }

        try
        {
            var running = await launch.Outcome.WaitAsync(TimeSpan.FromSeconds(options.Limits.LaunchWaitSeconds), cancellationToken);
            if (!admitted.IsRepeat && recipe.Nodes.All(node => node.Setup.Count == 0))
            {
                latency.Launched(id, asked);
            }

            return View(running);
        }
        catch (TimeoutException) when (launch.Decide() || !launch.Outcome.IsCompleted)
        {
            return View(await RowAsync(owner, id));
        }
        catch (TimeoutException)
        {
            return View(await launch.Outcome);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && idempotencyKey is null)
        {
            // Nobody learns its id, so nobody could use or end it. A client that will ask again sends a key.
            await endings.EndAsync(id, EndReason.Removed);
            throw;
        }
    }

    public async Task<PlaygroundView> ExtendAsync(PersonId owner, PlaygroundId id, CancellationToken cancellationToken)
    {
        var row = await RowAsync(owner, id);
        if (row.State != PlaygroundStage.Running)
        {
            throw new SandboxException(ErrorCode.Conflict, row.State == PlaygroundStage.Ended ? "This playground has ended already." : "This playground has not started yet.");
        }

        var extension = row.Lease.Extend(time.GetUtcNow(), row.Owner!.Plan!.ToPlan());
        if (extension.Lease is not { } lease)
        {
            throw new SandboxException(extension.Refusal ?? ErrorCode.Conflict, extension.Message ?? "It cannot be extended.");
        }

        // The runtime first: it ends sandboxes by itself, so a longer promise on record alone would be a lie.
        foreach (var sandbox in row.Sandboxes)
        {
            await runtime.Sandboxes.ExtendAsync(SandboxId.Parse(sandbox.Id), lease.EndsAt, CancellationToken.None);
        }

        // Two that ask at once get one extension together: the second finds another end than it read.
        await store.WriteAsync(db => db.Playgrounds
            .Where(found => found.Id == row.Id && found.State == PlaygroundStage.Running && found.EndsAt == row.EndsAt)
            .ExecuteUpdateAsync(set => set.SetProperty(found => found.EndsAt, lease.EndsAt).SetProperty(found => found.WasExtended, true)));
        presence.Touch(id);
        return View(await RowAsync(owner, id));
    }

    public async Task RemoveAsync(PersonId owner, PlaygroundId id, CancellationToken cancellationToken)
    {
        await RowAsync(owner, id);
        await endings.EndAsync(id, EndReason.Removed);
    }

    public async Task<PlaygroundView> ActAsync(PersonId owner, PlaygroundId id, SandboxAction action, CancellationToken cancellationToken)
    {
        var row = await RowAsync(owner, id);
        foreach (var sandbox in row.Sandboxes)
        {
            await ActAsync(row, sandbox, action, cancellationToken);
        }

        return View(await RowAsync(owner, id));
    }

    /// <summary>Acts on one sandbox. Codes: NotFound, Conflict.</summary>
    public async Task<SandboxView> ActAsync(PersonId owner, SandboxId id, SandboxAction action, CancellationToken cancellationToken)
    {
        var row = await RowAsync(owner, id);
        var sandbox = row.Sandboxes.Single(found => found.Id == id.Value);
        await ActAsync(row, sandbox, action, cancellationToken);
        return sandbox.ToView(row);
    }

    /// <summary>The playground a person's sandbox is in, if it has not ended. Code: NotFound.</summary>
    public async Task<PlaygroundRow> RowAsync(PersonId owner, SandboxId id)
    {
        var row = await store.ReadAsync(db => db.Playgrounds.WithAll()
            .SingleOrDefaultAsync(found => found.OwnerId == owner.Value && found.Sandboxes.Any(sandbox => sandbox.Id == id.Value)));
        return row switch
        {
            null => throw new SandboxException(ErrorCode.NotFound, "You have no such sandbox."),
            { State: PlaygroundStage.Ended } => throw new SandboxException(ErrorCode.NotFound, $"This sandbox has ended: {row.Message}"),
            { State: PlaygroundStage.Queued } => throw new SandboxException(ErrorCode.Conflict, "This sandbox has not started yet."),
            _ => row,
        };
    }

    private async Task<PlaygroundRow> RowAsync(PersonId owner, PlaygroundId id) =>
        await store.ReadAsync(db => db.Playgrounds.WithAll().SingleOrDefaultAsync(row => row.Id == id.Value && row.OwnerId == owner.Value))
        ?? throw new SandboxException(ErrorCode.NotFound, "You have no such playground.");

    private async Task ActAsync(PlaygroundRow row, SandboxRow sandbox, SandboxAction action, CancellationToken cancellationToken)
    {
        if (row.State != PlaygroundStage.Running)
        {
            throw new SandboxException(ErrorCode.Conflict, row.State == PlaygroundStage.Ended ? $"This playground has ended: {row.Message}" : "This playground has not started yet.");
        }

        var id = SandboxId.Parse(sandbox.Id);
        switch (action)
        {
            case SandboxAction.Start:
                await runtime.Sandboxes.StartAsync(id, cancellationToken);
                break;
            case SandboxAction.Stop:
                await runtime.Sandboxes.StopAsync(id, StopGrace, cancellationToken);
                break;
            case SandboxAction.Restart:
                await runtime.Sandboxes.StopAsync(id, StopGrace, cancellationToken);

                // Stopped without being started again is what nobody asked for.
                await runtime.Sandboxes.StartAsync(id, CancellationToken.None);
                break;
            case SandboxAction.Pause:
                await runtime.Sandboxes.PauseAsync(id, cancellationToken);
                break;
            default:
                await runtime.Sandboxes.ResumeAsync(id, cancellationToken);
                break;
        }

        presence.Touch(PlaygroundId.Parse(row.Id));
        if (await states.RefreshAsync(id) is { } info)
        {
            sandbox.State = info.State;
            sandbox.ExitCode = info.ExitCode;
        }
    }

    private PlaygroundView View(PlaygroundRow row) => row.ToView(catalog, time.GetUtcNow());

    private static void Check(Recipe recipe, string? idempotencyKey)
    {
        var mistakes = RecipeRules.Validate(recipe);
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        if (idempotencyKey is not null && (idempotencyKey.Length is 0 or > MostKeyLength || Encoding.UTF8.GetByteCount(idempotencyKey) != idempotencyKey.Length))
        {
            throw new SandboxException(ErrorCode.Invalid, $"Idempotency-Key: 1 to {MostKeyLength} ASCII characters");
        }
    }
}
