using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Runtime;
using Sandbox.Recipes.Dockerfiles;
using Sandbox.Recipes.Problems;
using Sandbox.Web.Catalog;
using Sandbox.Web.Errands;

namespace Sandbox.Web.Builds;

/// <summary>What every build needs of the process.</summary>
internal sealed record ImageBuildParts(PersonImages Images, ImageCatalog Catalog, OwnImages Own, ImageUse Use, ISandboxRuntime Runtime, BuildOptions Options);

/// <summary>One build, whose context is in its sandbox. Disposing it ends the sandbox.</summary>
internal sealed class ImageBuild(string id, PersonId owner, BuildOrder order, ErrandSandbox sandbox, CancellationTokenSource stop, ImageBuildParts parts, Action ended) : IAsyncDisposable
{
    // Where the parts begin, in percent of the whole.
    private const int StepsFrom = 25;
    private const int ExportFrom = 80;
    private const int ImportFrom = 88;

    private const int Killed = 137; // 128 + SIGKILL

    // Each instruction makes a layer if layers are kept, and a sandbox has at most a hundred.
    private const int MostKept = 60;

    private static readonly TimeSpan Caching = TimeSpan.FromMinutes(3);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private int? _line;
    private bool _isChanged;
    private bool _isTooLarge;

    private string Where => _line is { } line ? $"{Path}:{line}: " : "";

    public string Id => id;

    /// <summary>What is built; of a repository, with the commit that was fetched.</summary>
    public BuildOrder Order => order;

    /// <summary>The Dockerfile's path in the context.</summary>
    public required string Path { get; init; }

    /// <summary>Its structure; null when it has mistakes.</summary>
    public required DockerfileText? File { get; init; }

    /// <summary>Lets the next build have the layers; null if this one has not.</summary>
    public required Action? LeaveCache { get; init; }

    /// <summary>Why it has no layers of earlier builds, for its person.</summary>
    public required string? CacheNote { get; init; }

    private bool HasCache => LeaveCache is not null && !_isTooLarge && File!.Stages.Sum(stage => stage.Instructions.Count) <= MostKept;

    /// <summary>The mistakes.</summary>
    public required IReadOnlyList<Problem> Problems { get; init; }

    /// <summary>The problems because of which there is no structure.</summary>
    public IEnumerable<Problem> Mistakes => Problems.Where(problem => problem.Kind == ProblemKind.Mistake);

    /// <summary>The refusal of a Dockerfile with mistakes.</summary>
    public SandboxException Refusal() => new(ErrorCode.Invalid, string.Join("; ", Mistakes.Take(3).Select(problem => $"{problem.File}:{problem.Line}: {problem.What}")) + ".");

    /// <summary>Builds, and keeps the image. What goes wrong is the last event.</summary>
    public async Task RunAsync(Func<BuildEvent, Task> report)
    {
        try
        {
            await report(new BuildEvent(BuildEventType.Image) { Percent = 100, Image = await MakeAsync(report) });
        }
        catch (SandboxException fault)
        {
            await report(new BuildEvent(BuildEventType.Error) { Code = ErrorCodes.Text(fault.Code), Detail = fault.Message, Line = _line });
        }
    }

    /// <summary>
    /// Builds, and keeps the image. Codes: BuildFailed, ImageNotFound (an image that it needs), Quota (the person's storage),
    /// DiskFull, Timeout, Conflict (it was cancelled). Nothing is kept then.
    /// </summary>
    public async Task<OwnImageView> MakeAsync(Func<BuildEvent, Task> report)
    {
        try
        {
            await report(new BuildEvent(BuildEventType.Started) { Id = id, Percent = 0, Text = order.Name });
            await LoadBasesAsync(report);
            await RestoreAsync(report);
            try
            {
                await BuildAsync(report);
            }
            catch (SandboxException fault) when (HasCache && fault.Code == ErrorCode.BuildFailed)
            {
                // The instructions before are not run again once this one is mended.
                await SaveAsync(report);
                throw;
            }
            catch (SandboxException fault) when (HasCache && fault.Code == ErrorCode.DiskFull)
            {
                // A layer for each instruction needs more room than one for all of them.
                await report(new BuildEvent(BuildEventType.Warning) { Text = "The disk is too small for one layer per instruction. Building again without the cache." });
                await RequireAsync(BuildCommands.Drop);
                _isTooLarge = true;
                await LoadBasesAsync(report);
                await BuildAsync(report);
            }

            _line = null;
            await CheckRoomAsync();
            await SayAsync(report, ExportFrom, "Taking the image out of the sandbox");
            await RequireAsync(BuildCommands.Export);
            var kept = await KeepAsync(report);
            await SaveAsync(report);
            return kept;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw _clock.Elapsed >= TimeSpan.FromMinutes(parts.Options.Minutes) ? TooLong(parts.Options) : new SandboxException(ErrorCode.Conflict, "The build was cancelled.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        ended();
        try
        {
            await sandbox.DisposeAsync();
        }
        finally
        {
            LeaveCache?.Invoke();
            stop.Dispose();
        }
    }

    public static SandboxException TooLong(BuildOptions options) =>
        new(ErrorCode.Timeout, $"The build took longer than {options.Minutes} {(options.Minutes == 1 ? "minute" : "minutes")} and was ended.");

    /// <summary>Takes the layers of earlier builds. Those that cannot be read are dropped, and the build goes on without.</summary>
    private async Task RestoreAsync(Func<BuildEvent, Task> report)
    {
        if (CacheNote is not null)
        {
            await report(new BuildEvent(BuildEventType.Warning) { Text = CacheNote });
        }

        if (!HasCache)
        {
            return;
        }

        await SayAsync(report, StepsFrom - 1, "Loading the build cache");
        var restored = await sandbox.RunAsync(BuildCommands.Restore, default, Caching, stop.Token);
        if (restored.ExitCode != 0)
        {
            await report(new BuildEvent(BuildEventType.Warning) { Text = "The build cache could not be read and was deleted." });
        }
    }

    /// <summary>Keeps the layers for the next build, if there are others than before. The image does not depend on it.</summary>
    private async Task SaveAsync(Func<BuildEvent, Task> report)
    {
        if (!HasCache || !_isChanged)
        {
            return;
        }

        try
        {
            await SayAsync(report, 99, "Writing the build cache");
            var saved = await sandbox.RunAsync(BuildCommands.Save, default, Caching, stop.Token);
            if (saved.ExitCode != 0)
            {
                await report(new BuildEvent(BuildEventType.Warning) { Text = "The layers do not fit into the build cache. It was cleared, and the next build runs every instruction." });
            }
        }
        catch (SandboxException)
        {
            // Its sandbox has ended.
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // So has the time of the build.
        }
    }

    private async Task LoadBasesAsync(Func<BuildEvent, Task> report)
    {
        for (var at = 0; at < File!.Bases.Count; at++)
        {
            var needed = File.Bases[at];
            _line = needed.Line;
            await SayAsync(report, 2 + ((StepsFrom - 2) * at / File.Bases.Count), $"Getting {needed.Reference}");
            var name = BaseName.Of(needed.Reference);
            if (await FindAsync(name.Exact) is { } known)
            {
                await LoadAsync(needed.Reference, known);
                continue;
            }

            // The sandbox's own network decides what it reaches.
            var pulled = await sandbox.RunAsync(BuildCommands.Pull(needed.Reference), default, TimeSpan.FromMinutes(parts.Options.Minutes), stop.Token);
            if (pulled.ExitCode == 0)
            {
                continue;
            }

            if (name.AnyTag is { } relative && await FindAsync(relative) is { } other)
            {
                await report(new BuildEvent(BuildEventType.Warning) { Line = needed.Line, Text = $"{needed.Reference} could not be fetched: this server's {other.Name} is taken in its place." });
                await LoadAsync(needed.Reference, other);
                continue;
            }

            var offered = await parts.Catalog.ListAsync(includeHidden: false, stop.Token);
            throw new SandboxException(
                ErrorCode.ImageNotFound,
                $"{Path}:{needed.Line}: there is no image {needed.Reference} here, and it could not be fetched: {Last(pulled.Stderr)} This server has {string.Join(", ", offered.Select(image => image.Name))}.");
        }
    }

    private async Task<ResolvedImage?> FindAsync(string name) => await parts.Images.FindAsync(owner, name, stop.Token);

    private async Task LoadAsync(string reference, ResolvedImage image)
    {
        var digest = image.Digest ?? throw new SandboxException(ErrorCode.Conflict, $"The image {image.Name} is still being made. Try again in a minute.");
        await sandbox.WriteAsync(BuildCommands.BaseFile, parts.Runtime.Images.ExportAsync(digest, ArchiveKind.Docker, "base:latest", stop.Token), stop.Token);
        await RequireAsync(BuildCommands.Load(reference));
    }

    private async Task BuildAsync(Func<BuildEvent, Task> report)
    {
        var output = new BuildOutput(File!);
        int? code = null;
        await SayAsync(report, StepsFrom, "Building");
        await foreach (var item in sandbox.FollowAsync(BuildCommands.Build(order, Path, HasCache), stop.Token))
        {
            code = item.ExitCode;
            foreach (var happened in item.ExitCode is null ? output.Add(item.Data.Span) : output.Finish())
            {
                if (happened.Type == BuildEventType.Step)
                {
                    // The layers of other stages are no part of the image.
                    if (happened is { Step: > 1 } && happened.Stage == File!.Target + 1)
                    {
                        await CheckRoomAsync();
                    }

                    _line = happened.Line;
                }

                _isChanged |= happened is { Type: BuildEventType.Layer, Cached: not true };

                var percent = StepsFrom + (int)((ExportFrom - StepsFrom) * output.Share);
                await report(happened.Type == BuildEventType.Step ? happened with { Percent = Math.Min(percent, ExportFrom) } : happened);
            }

            _line = output.Line ?? _line;
        }

        stop.Token.ThrowIfCancellationRequested();
        switch (code)
        {
            case 0:
                return;
            case null:
                throw new SandboxException(ErrorCode.BuildFailed, "The sandbox of the build was ended. It may have used more than your plan allows.");
            default:
                throw Failure(output.Error ?? "Buildah ended without a cause.", code.Value);
        }
    }

    /// <summary>Ends a build whose image has no room any more. Code: Quota.</summary>
    private async Task CheckRoomAsync()
    {
        var measured = await sandbox.RunAsync(BuildCommands.Measure, default, TimeSpan.FromMinutes(parts.Options.Minutes), stop.Token);
        if (!long.TryParse(Encoding.UTF8.GetString(measured.Stdout.Span), CultureInfo.InvariantCulture, out var bytes))
        {
            throw new SandboxException(ErrorCode.Internal, $"The size of the image could not be measured: {Last(measured.Stderr)}");
        }

        var (room, most) = await parts.Own.RoomAsync(owner, order.Name);
        if (bytes > room)
        {
            throw new SandboxException(ErrorCode.Quota, $"{Where}the image has {bytes >> 20} MiB of its own by now, and would exceed the {most >> 20} MiB that your links, images and tutorials may keep. Delete one first, or leave large files out.");
        }
    }

    /// <summary>The failure of a step or of a command, with what it means here.</summary>
    private SandboxException Failure(string cause, int code)
    {
        if (cause.Contains("no space left on device", StringComparison.OrdinalIgnoreCase) || cause.Contains("disk quota exceeded", StringComparison.OrdinalIgnoreCase))
        {
            return new SandboxException(ErrorCode.DiskFull, $"{Where}the disk of your plan is full. {cause}");
        }

        var wasKilled = code == Killed || cause.Contains($"exit status {Killed}", StringComparison.Ordinal) || cause.Contains("signal: killed", StringComparison.Ordinal);
        return new SandboxException(ErrorCode.BuildFailed, $"{Where}{cause}{(wasKilled ? " It was killed, probably because it used more memory than your plan allows." : "")}");
    }

    /// <summary>Runs a command that has to go well.</summary>
    private async Task RequireAsync(IReadOnlyList<string> command)
    {
        var result = await sandbox.RunAsync(command, default, TimeSpan.FromMinutes(parts.Options.Minutes), stop.Token);
        if (result.ExitCode != 0)
        {
            throw Failure(Last(result.Stderr), result.ExitCode);
        }
    }

    private async Task<OwnImageView> KeepAsync(Func<BuildEvent, Task> report)
    {
        var isKept = false;
        using var storing = await parts.Use.StoringAsync(stop.Token);
        try
        {
            StoredImage? image = null;
            await foreach (var progress in parts.Runtime.Images.AddAsync(new ImageSource.Archive(ArchiveKind.Oci, sandbox.PackAsync(BuildCommands.Layout, stop.Token)), stop.Token))
            {
                image = progress.Image ?? image;
                await SayAsync(report, ImportFrom + ((99 - ImportFrom) * progress.Percent / 100), $"Keeping it: {progress.Step}");
            }

            // From here on it is kept, whatever becomes of the caller.
            var kept = await parts.Own.KeepAsync(owner, order.Name, image ?? throw new SandboxException(ErrorCode.Internal, "The runtime reported no image."));
            isKept = true;
            return kept;
        }
        finally
        {
            storing.Dispose();
            if (!isKept)
            {
                _ = parts.Use.TryCollectAsync();
            }
        }
    }

    private static Task SayAsync(Func<BuildEvent, Task> report, int percent, string text) => report(new BuildEvent(BuildEventType.Phase) { Percent = percent, Text = text });

    /// <summary>The last line that a program printed, as a sentence.</summary>
    private static string Last(ReadOnlyMemory<byte> output)
    {
        var line = Encoding.UTF8.GetString(output.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "it said nothing";
        line = line.StartsWith("Error: ", StringComparison.Ordinal) ? line["Error: ".Length..] : line;
        return $"{(line.Length > 500 ? line[..500] + "…" : line).TrimEnd('.')}.";
    }
}
