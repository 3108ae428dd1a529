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
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Links;
using Sandbox.Web.Queue;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>What a person does with their playgrounds. Every query contains the owner, so another's playground is NotFound.</summary>
internal sealed class OwnedPlaygrounds(
    SqliteStore store,
    ISandboxRuntime runtime,
    ImageCatalog catalog,
    PersonImages images,
    Admission admission,
    Launcher launcher,
    LaunchQueue queue,
    QueueBoard board,
    LaunchesUnderway underway,
    Setups setups,
    PlaygroundLife life,
    Ownership ownership,
    Endings endings,
    SandboxStates states,
    Presence presence,
    LiveLatency latency,
    LinkPrompts prompts,
    WebOptions options,
    TimeProvider time)
{
    private const int MostKeyLength = 255;

    /// <summary>How often a repeated request looks for the launch of the first, and how long it waits between.</summary>
    private const int MostLooks = 100;

    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    /// <summary>A person's playgrounds, newest first; ended ones for a day.</summary>
    public async Task<IReadOnlyList<PlaygroundView>> ListAsync(PersonId owner, CancellationToken cancellationToken)
    {
        var yesterday = time.GetUtcNow().AddDays(-1);
        var rows = await store.ReadAsync(db => db.Playgrounds.WithAll()
            .Where(row => row.OwnerId == owner.Value && (row.State != PlaygroundStage.Ended || row.EndsAt > yesterday))
            .OrderByDescending(row => row.CreatedAt).Take(200).ToListAsync(cancellationToken));
        return [.. rows.Select(View)];
    }

    /// <summary>One playground. Code: NotFound.</summary>
    public async Task<PlaygroundView> FindAsync(PersonId owner, PlaygroundId id, CancellationToken cancellationToken)
    {
        var row = await RowAsync(owner, id);
        if (row is not ({ State: PlaygroundStage.Queued, AwaitsLink: true } or { State: PlaygroundStage.Queued, Place: not null }))
        {
            return View(row);
        }

        // Somebody who asks is there; a place that nobody asks about is given up.
        presence.Touch(id);
        board.Asked(id);
        var places = (await board.LookAsync(admission.CommitmentAsync)).Places;
        return places.GetValueOrDefault(row.Id) is { } place ? View(row) with { Queue = place, Progress = place.Words } : View(await RowAsync(owner, id));
    }

    /// <summary>One playground: while it has the place that the caller knows, not before that changes or the time is over. Code: NotFound.</summary>
    public async Task<PlaygroundView> WaitAsync(PersonId owner, PlaygroundId id, int seconds, int? place, CancellationToken cancellationToken)
    {
        var view = await FindAsync(owner, id, cancellationToken);
        if (seconds == 0 || view.Queue is null || (place is not null && place != view.Queue.Place))
        {
            return view;
        }

        using var visit = presence.Enter(id);
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, board.Stopping);
            var over = Task.Delay(TimeSpan.FromSeconds(seconds), stop.Token);
            for (var changed = board.Changed;
                (await board.LookAsync(admission.CommitmentAsync)).Places.GetValueOrDefault(view.Id)?.Place == view.Queue.Place && await Task.WhenAny(changed, over) == changed;
                changed = board.Changed)
            {
                // Somebody else's place.
            }

            cancellationToken.ThrowIfCancellationRequested();
            return await FindAsync(owner, id, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            board.Left(id);
            throw;
        }
    }

    /// <summary>Admits and starts a recipe. Codes: Invalid, ImageNotFound, Quota, Capacity and those of the runtime.</summary>
    public async Task<PlaygroundView> LaunchAsync(PersonId owner, Recipe recipe, IReadOnlyDictionary<string, string>? parameters, LaunchManner manner, string? idempotencyKey, LaunchTrace trace, CancellationToken cancellationToken)
    {
        Refuse(RecipeRules.Validate(recipe));
        CheckKey(idempotencyKey);
        var order = new LaunchOrder(Filled(recipe, parameters), await images.ResolveAsync(owner, recipe, cancellationToken)) { Secrets = Secrets(recipe), AsksAfterFailure = manner.AsksAfterFailure, Terminal = manner.Terminal, MayWait = manner.MayWait };
        return await LaunchAsync(owner, order, idempotencyKey, trace, cancellationToken);
    }

    /// <summary>
    /// Admits and starts a link, which the visitor was let into. Codes: Invalid (the parameters), Quota (the plan, or the
    /// link's day), Capacity and those of the runtime. Queued while the link has no place.
    /// </summary>
    public Task<PlaygroundView> LaunchAsync(PersonId owner, EnteredLink link, IReadOnlyDictionary<string, string>? parameters, LaunchManner manner, string? idempotencyKey, LaunchTrace trace, CancellationToken cancellationToken)
    {
        CheckKey(idempotencyKey);
        var order = new LaunchOrder(Filled(link.Started, parameters), link.Images) { Link = link, Secrets = Secrets(link.Recipe), AsksAfterFailure = manner.AsksAfterFailure, Terminal = manner.Terminal, MayWait = manner.MayWait };
        return LaunchAsync(owner, order, idempotencyKey, trace, cancellationToken);
    }

    /// <summary>Admits and starts what somebody else put together. Codes: Invalid (the key), Quota, Capacity and those of the runtime.</summary>
    public Task<PlaygroundView> LaunchOrderAsync(PersonId owner, LaunchOrder order, string? idempotencyKey, LaunchTrace trace, CancellationToken cancellationToken)
    {
        CheckKey(idempotencyKey);
        return LaunchAsync(owner, order.Link is null ? order with { Recipe = order.Recipe.From(RecipeOrigin.Tutorial) } : order, idempotencyKey, trace, cancellationToken);
    }

    private async Task<PlaygroundView> LaunchAsync(PersonId owner, LaunchOrder order, string? idempotencyKey, LaunchTrace trace, CancellationToken cancellationToken)
    {
        var recipe = order.Recipe;
        var requested = latency.Now;
        var admitted = await admission.AdmitAsync(owner, order, idempotencyKey);

        // A repeat may come between the record of the first request and its launch, or read the record just before that launch is over.
        var launch = First(admitted);
        for (var look = 0; look < MostLooks && launch is null && admitted is { IsRepeat: true, Row.State: PlaygroundStage.Starting }; look++)
        {
            await Task.Delay(LookPause, cancellationToken);
            admitted = await admission.AdmitAsync(owner, order, idempotencyKey);
            launch = First(admitted);
        }

        trace.Mark("admit");

        var row = admitted.Row;
        var id = PlaygroundId.Parse(row.Id);
        if (!admitted.IsRepeat && row.State == PlaygroundStage.Starting)
        {
            if (order.Link is not null)
            {
                prompts.Await(id);
            }

            launch = launcher.Begin(row, recipe, trace, new LaunchManner(order.AsksAfterFailure, order.Terminal));
        }
        else if (!admitted.IsRepeat)
        {
            // Its image may have become ready after it was resolved and before the launch was queued, or there is room for all who wait.
            await queue.AddedAsync(id);
            launch = underway.Find(id);
        }

        if (launch is null)
        {
            return await FindAsync(owner, id, cancellationToken);
        }

        if (launch.Manner.AsksAfterFailure && await Task.WhenAny(launch.Outcome, launch.SetupBegun).WaitAsync(cancellationToken) == launch.SetupBegun && launch.AnswerFirst())
        {
            // Its visitor watches the setup.
            return View(await RowAsync(owner, id));
        }

        try
        {
            var running = await launch.Outcome.WaitAsync(TimeSpan.FromSeconds(options.Limits.LaunchWaitSeconds), cancellationToken);
            if (!admitted.IsRepeat && recipe.Nodes.All(node => node.Setup.Count == 0))
            {
                latency.Launched(id, requested);
            }

            return View(running);
        }
        catch (TimeoutException) when (launch.AnswerFirst())
        {
            return View(await RowAsync(owner, id));
        }
        catch (TimeoutException)
        {
            return View(await launch.Outcome);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && idempotencyKey is null)
        {
            // Without its id nobody could use or end it. A client that will retry sends a key.
            await endings.EndAsync(id, EndReason.Removed);
            throw;
        }
    }

    /// <summary>The launch of the first request, for a repeat.</summary>
    private LaunchUnderway? First(Admitted admitted) => admitted.IsRepeat ? underway.Find(PlaygroundId.Parse(admitted.Row.Id)) : null;

    /// <summary>Extends the lease as far as the plan allows. Codes: NotFound, Quota, Conflict (not running).</summary>
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

        // The runtime first: it enforces the deadline by itself, so a record alone would not extend anything.
        await ExtendAsync(row, lease);
        await life.ExtendAsync(id, row.EndsAt, lease.EndsAt);
        presence.Touch(id);
        var extended = await RowAsync(owner, id);
        if (extended.Sandboxes.Exists(sandbox => sandbox.State != SandboxState.Starting && row.Sandboxes.Exists(before => before.Id == sandbox.Id && before.State == SandboxState.Starting)))
        {
            await ExtendAsync(extended, lease); // a node has started meanwhile, and may have seen the old end
        }

        return View(extended);
    }

    /// <summary>A node that is starting takes its deadline from the record itself.</summary>
    private async Task ExtendAsync(PlaygroundRow row, Core.Leases.Lease lease)
    {
        foreach (var sandbox in row.Sandboxes.Where(sandbox => sandbox.State != SandboxState.Starting))
        {
            await runtime.Sandboxes.ExtendAsync(SandboxId.Parse(sandbox.Id), lease.EndsAt + Endings.LongestSave, CancellationToken.None);
        }
    }

    /// <summary>
    /// Ends a playground; one that has ended is no error. Code: NotFound. With <paramref name="save"/> its state is kept as a
    /// private link first, and it goes on when that fails: codes as those of a save.
    /// </summary>
    public async Task RemoveAsync(PersonId owner, PlaygroundId id, bool save, CancellationToken cancellationToken)
    {
        var row = await RowAsync(owner, id);
        if (save && row.State == PlaygroundStage.Running)
        {
            await endings.SaveAsync(id, cancellationToken);
        }

        var isWaiting = row is { State: PlaygroundStage.Queued } and ({ AwaitsLink: true } or { Place: not null });
        await endings.EndAsync(id, EndReason.Removed, isWaiting ? "You left the queue." : null);
    }

    /// <summary>Acts on every sandbox of a playground. Codes: NotFound, Conflict.</summary>
    public async Task<PlaygroundView> ActAsync(PersonId owner, PlaygroundId id, SandboxAction action, CancellationToken cancellationToken)
    {
        var row = await RowAsync(owner, id);
        foreach (var sandbox in row.Sandboxes.Where(sandbox => sandbox.State != SandboxState.Starting))
        {
            await ActAsync(row, sandbox, action, cancellationToken);
        }

        return View(await RowAsync(owner, id));
    }

    /// <summary>Acts on one sandbox. Codes: NotFound, Conflict.</summary>
    public async Task<SandboxView> ActAsync(PersonId owner, SandboxId id, SandboxAction action, CancellationToken cancellationToken)
    {
        var row = await RowAsync(owner, await ownership.RequireAsync(owner, id));
        var sandbox = row.Sandboxes.Single(found => found.Id == id.Value);
        await ActAsync(row, sandbox, action, cancellationToken);
        return sandbox.ToView(row, states);
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
                // Not cancelled once begun: a restart must not leave the sandbox stopped.
                cancellationToken.ThrowIfCancellationRequested();
                await runtime.Sandboxes.StopAsync(id, StopGrace, CancellationToken.None);
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

    /// <summary>A visitor's decision about a setup that failed. Codes: NotFound, Conflict (nothing failed).</summary>
    public async Task<PlaygroundView> DecideAsync(PersonId owner, PlaygroundId id, SetupDecision decision)
    {
        await RowAsync(owner, id);
        return setups.Find(id)?.Decide(decision) == true
            ? View(await RowAsync(owner, id))
            : throw new SandboxException(ErrorCode.Conflict, "No setup command of this playground has failed just now.");
    }

    /// <summary>The terminals that its recipe opens. Code: NotFound.</summary>
    public async Task<IReadOnlyList<RecipeTerminalView>> TerminalsAsync(PersonId owner, PlaygroundId id)
    {
        var row = await RowAsync(owner, id);
        if (await store.ReadAsync(db => db.Recipes.Where(recipe => recipe.Hash == row.RecipeHash).Select(recipe => recipe.Content).SingleOrDefaultAsync()) is not { } content)
        {
            return [];
        }

        var recipe = RecipeJson.Read(content);
        return [.. recipe.Terminals.Select(terminal => new RecipeTerminalView(terminal.Node ?? recipe.Nodes[0].Name, terminal.Title, terminal.Command, terminal.Run))];
    }

    private PlaygroundView View(PlaygroundRow row)
    {
        var view = row.ToView(catalog, states, time.GetUtcNow());
        return row.State == PlaygroundStage.Starting && setups.Find(PlaygroundId.Parse(row.Id)) is { } run ? view with { Setup = run.ToView(), Progress = run.Progress ?? view.Progress } : view;
    }

    private static List<string> Secrets(Recipe recipe) => [.. recipe.Parameters.Where(parameter => parameter.IsSecret).Select(parameter => parameter.Name)];

    private static Recipe Filled(Recipe recipe, IReadOnlyDictionary<string, string>? parameters)
    {
        Refuse(ParameterRules.Validate(recipe, parameters));
        return ParameterRules.Fill(recipe, parameters);
    }

    private static void Refuse(IReadOnlyList<string> mistakes)
    {
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }
    }

    /// <summary>Refuses a key that is none. Code: Invalid.</summary>
    public static void CheckKey(string? idempotencyKey)
    {
        if (idempotencyKey is not null && (idempotencyKey.Length is 0 or > MostKeyLength || Encoding.UTF8.GetByteCount(idempotencyKey) != idempotencyKey.Length))
        {
            throw new SandboxException(ErrorCode.Invalid, $"Idempotency-Key: 1 to {MostKeyLength} ASCII characters");
        }
    }
}
