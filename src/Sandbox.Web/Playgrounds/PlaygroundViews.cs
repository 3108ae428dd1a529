using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Leases;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>Playground rows as REST and the pages show them.</summary>
internal static class PlaygroundViews
{
    public static IQueryable<PlaygroundRow> WithAll(this IQueryable<PlaygroundRow> rows) =>
        rows.AsNoTracking().Include(row => row.Sandboxes).Include(row => row.Owner!.Plan).Include(row => row.Run).Include(row => row.Place);

    public static PlaygroundView ToView(this PlaygroundRow row, ImageCatalog catalog, SandboxStates states, DateTimeOffset now)
    {
        var sandboxes = row.Sandboxes.OrderBy(sandbox => sandbox.Node).Select(sandbox => sandbox.ToView(row, states)).ToList();
        return new PlaygroundView(
            row.Id,
            State(row),
            row.State switch
            {
                PlaygroundStage.Queued when row.AwaitsLink => "waiting for a place: this link's author limits how many run at once",
                PlaygroundStage.Queued when row.Place is not null => "waiting for room on the host",
                PlaygroundStage.Queued => Wait(row.Sandboxes.OrderBy(sandbox => sandbox.Node).FirstOrDefault(sandbox => sandbox.Digest.Length == 0)?.Image ?? row.Image, catalog),
                PlaygroundStage.Starting => "starting",
                _ => null,
            },
            row.ErrorCode is { } code ? new PlaygroundError(code, row.Message ?? "") : null,
            row.Image,
            row.CreatedAt,
            sandboxes,
            LeaseView(row, now),
            new PlaygroundUrls($"/p/{row.Id}", $"/api/v1/playgrounds/{row.Id}"),
            row.LinkHash,
            row.SavedHash,
            HasTerminals: row.HasTerminals,
            Tutorial: row.Run is { } run ? new PlaygroundTutorialView(run.Address, run.Title, run.Current) : null,
            MaxNodes: row.Owner!.Plan!.Nodes);
    }

    public static SetupView ToView(this SetupRun run) => new(
        run.IsWaiting ? "failed" : "running",
        [.. run.Steps.Select(step => new SetupStepView(step.Line, step.State.ToString().ToLowerInvariant(), step.ExitCode, step.Output, step.Duration.TotalMilliseconds))]);

    public static SandboxView ToView(this SandboxRow row, PlaygroundRow playground, SandboxStates states) => new(
        row.Id,
        row.Name,
        row.Image,
        row.Digest,
        playground.State switch
        {
            PlaygroundStage.Ended => "ended",
            PlaygroundStage.Queued => "queued",
            _ => Text(row.State),
        },
        row.ExitCode,
        row.Interactive,
        playground.State == PlaygroundStage.Ended ? null : states.NoticeOf(SandboxId.Parse(row.Id)),
        row.Network,
        row.Policy.Domains,
        row.Policy.Words);

    private static string Wait(string image, ImageCatalog catalog) =>
        catalog.StepOf(image) is { } step ? $"making the image {image}: {step}" : $"waiting for the image {image} to be made";

    private static string Text(SandboxState state) => state switch
    {
        SandboxState.Starting => "starting",
        SandboxState.Running => "running",
        SandboxState.Paused => "paused",
        SandboxState.Stopped => "stopped",
        SandboxState.Ended => "ended",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "no such state"),
    };

    /// <summary>A playground is paused or stopped only if all its sandboxes are.</summary>
    private static string State(PlaygroundRow row) => row.State switch
    {
        PlaygroundStage.Queued => "queued",
        PlaygroundStage.Starting => "starting",
        PlaygroundStage.Ended => "ended",
        _ when row.Sandboxes.All(sandbox => sandbox.State == SandboxState.Paused) => "paused",
        _ when row.Sandboxes.All(sandbox => sandbox.State == SandboxState.Stopped) => "stopped",
        _ => "running",
    };

    private static LeaseView LeaseView(PlaygroundRow row, DateTimeOffset now)
    {
        if (row.State == PlaygroundStage.Ended)
        {
            return new LeaseView(row.EndsAt, "ended", row.Reason?.Text(), row.Message, CanExtend: false);
        }

        var state = row.Lease.StateAt(now) switch
        {
            LeaseState.Granted => "granted",
            LeaseState.Warning => "warning",
            LeaseState.Extended => "extended",

            // Due: the sweeper ends it within seconds.
            _ => "warning",
        };
        var canExtend = row.State == PlaygroundStage.Running && row.Lease.Extend(now, row.Owner!.Plan!.ToPlan()).Lease is not null;
        return new LeaseView(row.EndsAt, state, null, null, canExtend);
    }
}
