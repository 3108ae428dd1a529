using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Leases;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>Rows as people and programs see them.</summary>
internal static class PlaygroundViews
{
    public static IQueryable<PlaygroundRow> WithAll(this IQueryable<PlaygroundRow> rows) =>
        rows.AsNoTracking().Include(row => row.Sandboxes).Include(row => row.Owner!.Plan);

    public static PlaygroundView ToView(this PlaygroundRow row, ImageCatalog catalog, DateTimeOffset now)
    {
        var sandboxes = row.Sandboxes.OrderBy(sandbox => sandbox.Node).Select(sandbox => sandbox.ToView(row)).ToList();
        return new PlaygroundView(
            row.Id,
            State(row),
            row.State switch
            {
                PlaygroundStage.Queued => catalog.StepOf(row.Image) is { } step ? $"making the image {row.Image}: {step}" : $"waiting for the image {row.Image} to be made",
                PlaygroundStage.Starting => "starting",
                _ => null,
            },
            row.ErrorCode is { } code ? new PlaygroundError(code, row.Message ?? "") : null,
            row.Image,
            row.CreatedAt,
            sandboxes,
            LeaseView(row, now),
            new PlaygroundUrls($"/p/{row.Id}", $"/api/v1/playgrounds/{row.Id}"));
    }

    public static SandboxView ToView(this SandboxRow row, PlaygroundRow playground) => new(
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
        row.Interactive);

    public static string Text(this EndReason reason) => reason switch
    {
        EndReason.Removed => "removed",
        EndReason.Expired => "expired",
        EndReason.Idle => "idle",
        EndReason.Operator => "operator",
        EndReason.HostRestarted => "host_restarted",
        EndReason.LaunchFailed => "launch_failed",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "no such reason"),
    };

    private static string Text(SandboxState state) => state switch
    {
        SandboxState.Starting => "starting",
        SandboxState.Running => "running",
        SandboxState.Paused => "paused",
        SandboxState.Stopped => "stopped",
        SandboxState.Ended => "ended",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "no such state"),
    };

    /// <summary>A running playground is what all its sandboxes are, and running while they differ.</summary>
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

            // Its time is up and the sweeper comes within seconds.
            _ => "warning",
        };
        var canExtend = row.State == PlaygroundStage.Running && row.Lease.Extend(now, row.Owner!.Plan!.ToPlan()).Lease is not null;
        return new LeaseView(row.EndsAt, state, null, null, canExtend);
    }
}
