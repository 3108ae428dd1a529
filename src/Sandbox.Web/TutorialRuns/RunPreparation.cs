using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Tutorials;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Store;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.TutorialRuns;

/// <summary>
/// Brings the files of a tutorial into its new sandbox, and the setup of the page that it begins with: so the launch shows its
/// log, and asks what to do when it fails. From a checkpoint the files are there, and the page's start script follows.
/// </summary>
internal sealed class RunPreparation(SqliteStore store, ISandboxRuntime runtime, Runs runs, TutorialSources sources, TimeProvider time) : IPreparesPlaygrounds
{
    private const int Readable = 0b110_100_100;
    private const int Executable = 0b001_001_001;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PreparedCommand>> PrepareAsync(PlaygroundRow playground, CancellationToken cancellationToken)
    {
        var run = await store.ReadAsync(db => db.TutorialRuns.AsNoTracking().SingleOrDefaultAsync(row => row.PlaygroundId == playground.Id, cancellationToken));
        if (run is null)
        {
            return [];
        }

        var sandbox = SandboxId.Parse(playground.Sandboxes.Single(row => row.Node == 0).Id);
        var open = await runs.OpenAsync(run, sandbox);
        if (run.CheckpointHash is null)
        {
            await PlaceAsync(run, open.Tutorial, sandbox, cancellationToken);
        }

        return await ScriptsAsync(open);
    }

    private async Task<IReadOnlyList<PreparedCommand>> ScriptsAsync(OpenRun run)
    {
        if (run.Row.Current > run.Tutorial.Steps.Count)
        {
            return [];
        }

        var step = run.StepAt(run.Row.Current);
        var commands = new List<PreparedCommand>();
        if (step.Setup is { } setup && run.Tutorial.Format == TutorialFormat.Sandbox)
        {
            // Other formats' setups go on beside the visitor, who watches for what they made.
            commands.Add(RunScripts.Prepare(run.Addressed(setup), setup.File, run.Values));
            await store.WriteAsync(async db =>
            {
                var row = await db.TutorialRuns.Include(row => row.Steps).SingleAsync(row => row.Id == run.Row.Id);
                Runs.StepOf(row, row.Current).SetUpAt = time.GetUtcNow();
                return true;
            });
        }

        if (step.Start is { } start && run.Row.CheckpointHash is not null)
        {
            commands.Add(RunScripts.Prepare(run.Addressed(start), start.File, run.Values));
        }

        return commands;
    }

    /// <summary>Writes the files of a tutorial. One that cannot be placed fails the launch, with its name.</summary>
    private async Task PlaceAsync(TutorialRunRow run, Tutorial tutorial, SandboxId sandbox, CancellationToken cancellationToken)
    {
        if (tutorial.Assets.Count == 0)
        {
            return;
        }

        using var source = sources.Open(run.SourceHash);
        foreach (var asset in tutorial.Assets)
        {
            if (source.Read(asset.File) is not { } content)
            {
                continue;
            }

            var target = Target(asset.Target, asset.File);
            if (!SandboxPath.TryParse(target, out var path))
            {
                throw new SandboxException(ErrorCode.Invalid, $"The tutorial's file {asset.File} has no place: {asset.Target} is no path in a sandbox.");
            }

            await runtime.Files.WriteAsync(sandbox, path, ModeOf(asset.Mode), Whole(content), cancellationToken);
        }
    }

    /// <summary>An absolute path: <c>~</c> is the home of root, and a target that ends with a slash is a directory.</summary>
    internal static string Target(string target, string file)
    {
        var path = target == "~" ? "/root/" : target.StartsWith("~/", StringComparison.Ordinal) ? "/root" + target[1..] : target.StartsWith('/') ? target : "/root/" + target;
        return path.EndsWith('/') ? path + file[(file.LastIndexOf('/') + 1)..] : path;
    }

    /// <summary>Permission bits of a mode as chmod takes it: octal, or letters that add to 0644.</summary>
    internal static int ModeOf(string? mode)
    {
        if (mode is not null && RecipeRules.TryParseMode(mode, out var bits))
        {
            return bits;
        }

        return mode is not null && mode.Contains('+', StringComparison.Ordinal) && mode.Contains('x', StringComparison.Ordinal) ? Readable | Executable : Readable;
    }

    internal static async IAsyncEnumerable<ReadOnlyMemory<byte>> Whole(byte[] content)
    {
        if (content.Length > 0)
        {
            yield return content;
        }

        await Task.CompletedTask;
    }
}
