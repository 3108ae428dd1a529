using System.Text;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Images;
using Sandbox.Core.Leases;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>
/// Carries an admitted playground to running. It goes on when the caller goes away, and whatever stops it leaves
/// nothing: either everything runs and the row says so, or the sandboxes are removed and the quota is free.
/// </summary>
internal sealed partial class Launcher(
    SqliteStore store,
    ISandboxRuntime runtime,
    LaunchesUnderway underway,
    Endings endings,
    ImageCatalog catalog,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<Launcher> logger)
{
    /// <summary>Setup installs packages; the lease bounds it too.</summary>
    private static readonly TimeSpan SetupTimeout = TimeSpan.FromMinutes(10);

    public LaunchUnderway Begin(PlaygroundRow row, Recipe recipe, LaunchTrace trace)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
        var launch = new LaunchUnderway(stop);
        var id = PlaygroundId.Parse(row.Id);
        underway.Add(id, launch);
        launch.Outcome = Task.Run(() => RunAsync(row, recipe, launch, trace, stop));

        // A launch nobody waits for any more has told its fault to the row and to the log.
        _ = launch.Outcome.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return launch;
    }

    /// <summary>Starts what waited for an image, or ends it when the image could not be made.</summary>
    public async Task ReleaseAsync(string image)
    {
        var entry = catalog.Find(image);
        if (entry is { Digest: null, State: CatalogState.Making })
        {
            return;
        }

        var waiting = await store.ReadAsync(db => db.Playgrounds
            .Where(row => row.State == PlaygroundStage.Queued && row.Image == image)
            .OrderBy(row => row.CreatedAt).Select(row => row.Id).ToListAsync());
        foreach (var id in waiting)
        {
            if (entry?.Digest is { } digest)
            {
                await ReleaseAsync(id, digest, entry.Interactive);
            }
            else
            {
                await endings.EndAsync(
                    PlaygroundId.Parse(id),
                    EndReason.LaunchFailed,
                    entry is null ? $"The image {image} was removed." : $"The image {image} could not be made: {entry.Error}",
                    ErrorCodes.Text(ErrorCode.ImageNotFound));
            }
        }
    }

    /// <summary>Its lease begins now: waiting costs the visitor no minute.</summary>
    private async Task ReleaseAsync(string id, string digest, bool interactive)
    {
        var row = await store.WriteAsync(async db =>
        {
            var row = await db.Playgrounds.Include(row => row.Sandboxes).Include(row => row.Owner!.Plan)
                .SingleOrDefaultAsync(row => row.Id == id && row.State == PlaygroundStage.Queued);
            if (row is null)
            {
                return null;
            }

            var lease = Lease.Grant(time.GetUtcNow(), row.Owner!.Plan!.ToPlan());
            row.State = PlaygroundStage.Starting;
            row.GrantedAt = lease.GrantedAt;
            row.EndsAt = lease.EndsAt;
            row.LastActiveAt = lease.GrantedAt;
            foreach (var sandbox in row.Sandboxes)
            {
                sandbox.Digest = digest;
                sandbox.Interactive = interactive;
            }

            return row;
        });
        if (row is not null)
        {
            var launch = Begin(row, Admission.ReadRecipe(row), new LaunchTrace());
            launch.Decide();
        }
    }

    private async Task<PlaygroundRow> RunAsync(PlaygroundRow row, Recipe recipe, LaunchUnderway launch, LaunchTrace trace, CancellationTokenSource stop)
    {
        var id = PlaygroundId.Parse(row.Id);
        try
        {
            await StartAsync(row, recipe, trace, stop.Token);
            var kept = await store.WriteAsync(async db =>
            {
                var changed = await db.Playgrounds.Where(found => found.Id == row.Id && found.State == PlaygroundStage.Starting)
                    .ExecuteUpdateAsync(set => set.SetProperty(found => found.State, PlaygroundStage.Running));
                await db.Sandboxes.Where(found => found.PlaygroundId == row.Id && found.State == SandboxState.Starting)
                    .ExecuteUpdateAsync(set => set.SetProperty(found => found.State, SandboxState.Running));
                return changed == 1;
            });
            trace.Mark("record");
            if (!kept)
            {
                throw new OperationCanceledException("it was ended while it started");
            }

            row.State = PlaygroundStage.Running;
            return row;
        }
        catch (Exception fault)
        {
            underway.Remove(id);
            var told = fault switch
            {
                SandboxException known => known,
                OperationCanceledException => new SandboxException(ErrorCode.Conflict, "This playground was ended while it started.", fault),
                _ => new SandboxException(ErrorCode.Internal, "Something went wrong on our side.", fault),
            };
            Log.LaunchFailed(logger, fault, row.Id, told.Code);
            await FailAsync(row, launch, told);
            throw told;
        }
        finally
        {
            underway.Remove(id);
            stop.Dispose();
        }
    }

    private async Task StartAsync(PlaygroundRow row, Recipe recipe, LaunchTrace trace, CancellationToken cancellationToken)
    {
        var plan = row.Owner!.Plan!.ToPlan();
        foreach (var sandbox in row.Sandboxes.OrderBy(sandbox => sandbox.Node))
        {
            var node = recipe.Nodes[sandbox.Node];
            var info = await runtime.Sandboxes.CreateAsync(
                new SandboxSpec(node)
                {
                    Id = SandboxId.Parse(sandbox.Id),
                    Playground = PlaygroundId.Parse(row.Id),
                    Owner = PersonId.Parse(row.OwnerId),
                    Name = node.Name,
                    Image = Digest.Parse(sandbox.Digest),
                    Limits = plan.PerSandbox,
                    OwnerLimits = plan.Total,
                    Deadline = row.EndsAt,
                },
                cancellationToken);
            sandbox.State = info.State;
            sandbox.ExitCode = info.ExitCode;
        }

        trace.Mark("create");
        foreach (var sandbox in row.Sandboxes.OrderBy(sandbox => sandbox.Node))
        {
            foreach (var command in recipe.Nodes[sandbox.Node].Setup)
            {
                await SetUpAsync(SandboxId.Parse(sandbox.Id), command, cancellationToken);
            }
        }

        trace.Mark("setup");
    }

    private async Task SetUpAsync(SandboxId sandbox, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var spec = new ExecSpec { Command = command, Timeout = SetupTimeout, OutputLimit = 4096 };
        ExecResult result;
        try
        {
            result = await runtime.Sandboxes.ExecAsync(sandbox, spec, cancellationToken);
        }
        catch (SandboxException fault) when (fault.Code is ErrorCode.CommandNotFound or ErrorCode.Timeout)
        {
            throw new SandboxException(fault.Code, $"The setup command '{Line(command)}' did not run: {fault.Message}", fault);
        }

        if (result.ExitCode != 0)
        {
            var output = Encoding.UTF8.GetString((result.Stderr.Length > 0 ? result.Stderr : result.Stdout).Span).Trim();
            throw new SandboxException(ErrorCode.SetupFailed, $"The setup command '{Line(command)}' ended with {result.ExitCode}: {output}");
        }
    }

    private static string Line(IReadOnlyList<string> command)
    {
        var line = string.Join(' ', command);
        return line.Length > 200 ? line[..200] + "…" : line;
    }

    private async Task FailAsync(PlaygroundRow row, LaunchUnderway launch, SandboxException told)
    {
        await endings.RemoveAsync(row.Sandboxes.Select(sandbox => SandboxId.Parse(sandbox.Id)));
        if (launch.Decide())
        {
            // The caller gets the fault itself; a refused launch leaves nothing. One that was ended meanwhile keeps its reason.
            await store.WriteAsync(db => db.Playgrounds.Where(found => found.Id == row.Id && found.State == PlaygroundStage.Starting).ExecuteDeleteAsync());
        }
        else
        {
            await endings.EndAsync(PlaygroundId.Parse(row.Id), EndReason.LaunchFailed, told.Message, ErrorCodes.Text(told.Code));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Playground {Playground} could not be launched: {Code}")]
        public static partial void LaunchFailed(ILogger logger, Exception fault, string playground, ErrorCode code);
    }
}
