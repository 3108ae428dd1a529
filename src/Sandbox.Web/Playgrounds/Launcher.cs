using System.Text;
using Sandbox.Core.Databases;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Audit;
using Sandbox.Web.Catalog;
using Sandbox.Web.Latency;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;
using Sandbox.Web.Store;
using Sandbox.Web.Volumes;

namespace Sandbox.Web.Playgrounds;

/// <summary>
/// Starts the sandboxes of an admitted playground and runs their setup. A launch goes on when its caller disconnects.
/// It succeeds as a whole, or removes all sandboxes and frees the quota.
/// </summary>
internal sealed partial class Launcher(
    PlaygroundLife life,
    ISandboxRuntime runtime,
    LaunchesUnderway underway,
    Setups setups,
    Endings endings,
    IPreparesPlaygrounds preparation,
    IBuildsImages builds,
    IsolationChoice isolation,
    OwnedVolumes volumes,
    GuestAddresses addresses,
    AuditLog audit,
    IHostApplicationLifetime lifetime,
    ILogger<Launcher> logger)
{
    /// <summary>Setup installs packages; the lease bounds it too.</summary>
    private static readonly TimeSpan SetupTimeout = TimeSpan.FromMinutes(10);

    /// <summary>Begins a launch whose playground is starting.</summary>
    /// <param name="row">The playground.</param>
    /// <param name="recipe">Its recipe.</param>
    /// <param name="trace">Gets the time of each phase.</param>
    /// <param name="isAnswered">Whether its caller has an answer already, so that a failure stays on record.</param>
    /// <param name="manner">How its caller wants it.</param>
    public LaunchUnderway Begin(PlaygroundRow row, Recipe recipe, LaunchTrace trace, LaunchManner manner, bool isAnswered = false)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);

        // Started once it can be found: it removes itself.
        LaunchUnderway launch = null!;
        var body = new Task<Task<PlaygroundRow>>(() => RunAsync(row, recipe, launch, trace, stop));
        launch = new LaunchUnderway(stop, isAnswered, manner) { Outcome = body.Unwrap() };
        underway.Add(PlaygroundId.Parse(row.Id), launch);
        body.Start(TaskScheduler.Default);

        // If nobody waits for the launch, its fault is on record and in the log; observe the exception here.
        _ = launch.Outcome.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return launch;
    }

    private async Task<PlaygroundRow> RunAsync(PlaygroundRow row, Recipe recipe, LaunchUnderway launch, LaunchTrace trace, CancellationTokenSource stop)
    {
        var id = PlaygroundId.Parse(row.Id);
        try
        {
            row = await BuildAsync(row, recipe, launch, stop.Token);
            trace.Mark("build");
            await StartAsync(row, recipe, launch, trace, stop.Token);
            var runs = await life.RunAsync(id);
            trace.Mark("record");
            if (!runs)
            {
                throw new OperationCanceledException("it was ended while it started");
            }

            row.State = PlaygroundStage.Running;
            return row;
        }
        catch (Exception fault)
        {
            underway.Remove(id);
            var known = fault switch
            {
                SandboxException refusal => refusal,
                OperationCanceledException => new SandboxException(ErrorCode.Conflict, "This playground was ended while it started.", fault),
                _ => new SandboxException(ErrorCode.Internal, "Something went wrong on our side.", fault),
            };
            Log.LaunchFailed(logger, fault, row.Id, known.Code);
            await FailAsync(row, launch, known);
            throw known;
        }
        finally
        {
            underway.Remove(id);
            stop.Dispose();
        }
    }

    /// <summary>The images that Dockerfiles of the recipe make. A visitor watches the builds as steps of the setup; one that fails ends the launch.</summary>
    private async Task<PlaygroundRow> BuildAsync(PlaygroundRow row, Recipe recipe, LaunchUnderway launch, CancellationToken cancellationToken)
    {
        var waiting = row.Sandboxes.Where(sandbox => sandbox.Digest.Length == 0).OrderBy(sandbox => sandbox.Node)
            .Select(sandbox => (sandbox.Node, Step: new SetupStep(SandboxId.Parse(sandbox.Id), []) { Line = $"Build {recipe.Nodes[sandbox.Node].Build!.Source}" })).ToList();
        if (waiting.Count == 0)
        {
            return row;
        }

        var id = PlaygroundId.Parse(row.Id);
        var run = new SetupRun([.. waiting.Select(each => each.Step)]);
        setups.Begin(id, run);
        launch.SettingUp();
        try
        {
            foreach (var (node, step) in waiting)
            {
                step.State = SetupState.Running;
                var image = await builds.BuildAsync(
                    PersonId.Parse(row.OwnerId),
                    recipe.Nodes[node],
                    now =>
                    {
                        step.Output = now.Output;
                        run.Progress = $"building the image, {now.Percent} %: {now.Text}";
                    },
                    cancellationToken);
                row = await life.BuiltAsync(id, node, image) ?? throw new OperationCanceledException("it was ended while it was built");
                step.State = SetupState.Done;
            }
        }
        finally
        {
            setups.End(id);
        }

        return row;
    }

    private async Task StartAsync(PlaygroundRow row, Recipe recipe, LaunchUnderway launch, LaunchTrace trace, CancellationToken cancellationToken)
    {
        var plan = row.Owner!.Plan!.ToPlan();
        foreach (var sandbox in row.Sandboxes.OrderBy(sandbox => DatabaseKind.Find(sandbox.Image) is null).ThenBy(sandbox => sandbox.Node)) // the first shell of a node finds those that run
        {
            var node = recipe.Nodes[sandbox.Node];
            var info = await runtime.Sandboxes.CreateAsync(
                new SandboxSpec(node)
                {
                    Id = SandboxId.Parse(sandbox.Id),
                    Playground = PlaygroundId.Parse(row.Id),
                    Owner = PersonId.Parse(row.OwnerId),
                    OwnerGroup = addresses.GroupOf(row.Owner!),
                    Name = node.Name,
                    Image = Digest.Parse(sandbox.Digest),
                    Limits = isolation.LimitsOf(node, sandbox.Image, plan),
                    OwnerLimits = plan.Total,
                    Network = sandbox.Policy.Network,
                    Domains = sandbox.Policy.Domains,
                    Isolation = sandbox.Isolation,
                    Deadline = row.EndsAt + Endings.LongestSave,
                    Volumes = await volumes.ForAsync(row.OwnerId, node, cancellationToken),
                    Terminal = sandbox.Node == 0 ? launch.Manner.Terminal : null,
                    Database = DatabaseServer.OfRecipe(sandbox.Image),
                },
                cancellationToken);
            sandbox.State = info.State;
            sandbox.ExitCode = info.ExitCode;
        }

        trace.Mark("create");
        var prepared = await preparation.PrepareAsync(row, cancellationToken);
        await SetUpAsync(row, Steps(row, recipe, prepared), launch, cancellationToken);
        trace.Mark("setup");
    }

    /// <summary>Runs every step in order. After one that failed its visitor decides, if they wanted to be asked; else the launch fails.</summary>
    private async Task SetUpAsync(PlaygroundRow row, List<SetupStep> steps, LaunchUnderway launch, CancellationToken cancellationToken)
    {
        if (steps.Count == 0)
        {
            return;
        }

        var run = new SetupRun(steps);
        setups.Begin(PlaygroundId.Parse(row.Id), run);
        launch.SettingUp();
        try
        {
            for (var at = 0; at < steps.Count; at++)
            {
                if (await TryStepAsync(steps[at], cancellationToken) is not { } fault)
                {
                    continue;
                }

                if (!launch.Manner.AsksAfterFailure)
                {
                    throw fault;
                }

                Log.SetupWaits(logger, row.Id, fault.Message);
                if (await run.AskAsync(cancellationToken) == SetupDecision.Enter)
                {
                    return;
                }

                at--;
            }
        }
        finally
        {
            setups.End(PlaygroundId.Parse(row.Id));
        }
    }

    private static List<SetupStep> Steps(PlaygroundRow row, Recipe recipe, IReadOnlyList<PreparedCommand> prepared) =>
    [
        .. row.Sandboxes.OrderBy(sandbox => sandbox.Node).SelectMany(sandbox => RepositorySteps.Of(SandboxId.Parse(sandbox.Id), recipe.Nodes[sandbox.Node])
            .Concat(recipe.Nodes[sandbox.Node].Setup.Select(command => new SetupStep(SandboxId.Parse(sandbox.Id), command)))),
        .. prepared.Select(command => new SetupStep(SandboxId.Parse(row.Sandboxes.Single(sandbox => sandbox.Node == 0).Id), command.Command) { Line = command.Line, Stdin = command.Stdin }),
    ];

    /// <summary>Null when the step went well, else the fault that says how it did not.</summary>
    private async Task<SandboxException?> TryStepAsync(SetupStep step, CancellationToken cancellationToken)
    {
        step.State = SetupState.Running;
        var fault = await RunAsync(step, cancellationToken);
        step.State = fault is null ? SetupState.Done : SetupState.Failed;
        return fault;
    }

    private async Task<SandboxException?> RunAsync(SetupStep step, CancellationToken cancellationToken)
    {
        var spec = new ExecSpec { Command = step.Command, Stdin = step.Stdin, Timeout = SetupTimeout, OutputLimit = 4096 };
        ExecResult result;
        try
        {
            result = await runtime.Sandboxes.ExecAsync(step.Sandbox, spec, cancellationToken);
        }
        catch (SandboxException fault) when (fault.Code is ErrorCode.CommandNotFound or ErrorCode.CommandNotExecutable or ErrorCode.CommandFormat or ErrorCode.Timeout)
        {
            step.Output = fault.Message;
            return new SandboxException(fault.Code, $"The setup command '{step.Line}' did not run: {fault.Message}", fault);
        }

        step.Take(result);
        if (result.IsTimedOut)
        {
            return new SandboxException(ErrorCode.Timeout, $"The setup command '{step.Line}' did not end within {SetupTimeout.TotalMinutes:0} minutes and was killed.");
        }

        return result.ExitCode == 0 ? null : new SandboxException(ErrorCode.SetupFailed, $"The setup command '{step.Line}' ended with {result.ExitCode}: {Words(result)}");
    }

    private static string Words(ExecResult result) => Encoding.UTF8.GetString((result.Stderr.Length > 0 ? result.Stderr : result.Stdout).Span).Trim();

    private async Task FailAsync(PlaygroundRow row, LaunchUnderway launch, SandboxException fault)
    {
        await endings.RemoveAsync(row.Sandboxes.Select(sandbox => SandboxId.Parse(sandbox.Id)));
        if (launch.FailFirst())
        {
            // The caller gets the fault itself, so nothing has to stay on record.
            await life.DropAsync(PlaygroundId.Parse(row.Id));
            audit.Add(new AuditEvent(AuditKind.End, fault.Message) { Person = PersonId.Parse(row.OwnerId), Playground = PlaygroundId.Parse(row.Id), Code = EndReason.LaunchFailed.Text() });
        }
        else
        {
            await endings.EndAsync(PlaygroundId.Parse(row.Id), EndReason.LaunchFailed, fault.Message, ErrorCodes.Text(fault.Code));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The setup of playground {Playground} failed and waits for its visitor: {Detail}")]
        public static partial void SetupWaits(ILogger logger, string playground, string detail);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Playground {Playground} could not be launched: {Code}")]
        public static partial void LaunchFailed(ILogger logger, Exception fault, string playground, ErrorCode code);
    }
}
