using System.Diagnostics;
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

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private int? _line;

    public string Id => id;

    /// <summary>The Dockerfile's path in the context.</summary>
    public required string Path { get; init; }

    /// <summary>Its structure; null when it has mistakes.</summary>
    public required DockerfileText? File { get; init; }

    /// <summary>The mistakes.</summary>
    public required IReadOnlyList<Problem> Problems { get; init; }

    /// <summary>Builds, and keeps the image. What goes wrong is the last event.</summary>
    public async Task RunAsync(Func<BuildEvent, Task> report)
    {
        try
        {
            await report(new BuildEvent(BuildEventType.Started) { Id = id, Percent = 0, Text = order.Name });
            await LoadBasesAsync(report);
            await BuildAsync(report);
            _line = null;
            await SayAsync(report, ExportFrom, "Taking the image out of the sandbox");
            await RequireAsync(BuildCommands.Export);
            var image = await KeepAsync(report);
            await report(new BuildEvent(BuildEventType.Image) { Percent = 100, Image = image });
        }
        catch (SandboxException fault)
        {
            await FailAsync(fault);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await FailAsync(_clock.Elapsed >= TimeSpan.FromMinutes(parts.Options.Minutes) ? TooLong(parts.Options) : new SandboxException(ErrorCode.Conflict, "The build was cancelled."));
        }

        Task FailAsync(SandboxException fault) =>
            report(new BuildEvent(BuildEventType.Error) { Code = ErrorCodes.Text(fault.Code), Detail = fault.Message, Line = _line });
    }

    public async ValueTask DisposeAsync()
    {
        ended();
        await sandbox.DisposeAsync();
        stop.Dispose();
    }

    public static SandboxException TooLong(BuildOptions options) =>
        new(ErrorCode.Timeout, $"The build took longer than {options.Minutes} {(options.Minutes == 1 ? "minute" : "minutes")} and was ended.");

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
        await foreach (var item in sandbox.FollowAsync(BuildCommands.Build(order, Path), stop.Token))
        {
            code = item.ExitCode;
            foreach (var happened in item.ExitCode is null ? output.Add(item.Data.Span) : output.Finish())
            {
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

    /// <summary>The failure of a step or of a command, with what it means here.</summary>
    private SandboxException Failure(string cause, int code)
    {
        var where = _line is { } line ? $"{Path}:{line}: " : "";
        if (cause.Contains("no space left on device", StringComparison.OrdinalIgnoreCase) || cause.Contains("disk quota exceeded", StringComparison.OrdinalIgnoreCase))
        {
            return new SandboxException(ErrorCode.DiskFull, $"{where}the disk of your plan is full. {cause}");
        }

        var wasKilled = code == Killed || cause.Contains($"exit status {Killed}", StringComparison.Ordinal) || cause.Contains("signal: killed", StringComparison.Ordinal);
        return new SandboxException(ErrorCode.BuildFailed, $"{where}{cause}{(wasKilled ? " It was killed, probably because it used more memory than your plan allows." : "")}");
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
