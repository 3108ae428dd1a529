using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.Builds;

/// <summary>The images of recipes that have a Dockerfile. Each is its person's own, under a name that says what it is built of, so the same commit is built once.</summary>
internal sealed class BuiltImages(ImageBuilds builds, PersonImages images) : IBuildsImages
{
    private const int MostOutput = 4096;
    private const int MostCause = 600;

    private readonly BuildTurns _turns = new();

    /// <inheritdoc/>
    public async Task<ResolvedImage> BuildAsync(PersonId owner, RecipeNode node, Action<BuildStep> say, CancellationToken cancellationToken)
    {
        var build = node.Build ?? throw new ArgumentException("It has no Dockerfile.", nameof(node));
        using var turn = await _turns.EnterAsync(owner, build.ImageName, cancellationToken);
        if (await images.FindBuiltAsync(owner, build, cancellationToken) is { } known)
        {
            return known;
        }

        say(new BuildStep(0, build.Url is null ? "Starting a sandbox that builds it" : $"Fetching {build.Url}", ""));
        await using var underway = await builds.PrepareAsync(owner, BuildOrder.Of(build), BuildContext.Of(build), node.Policy, cancellationToken);

        // A branch is where it was when its commit was built.
        if (await images.FindBuiltAsync(owner, underway.Order.Build!, cancellationToken) is { } same)
        {
            return same;
        }

        if (underway.File is null)
        {
            throw underway.Refusal();
        }

        var output = new StringBuilder();
        var step = new BuildStep(0, "", "");
        try
        {
            var image = await underway.MakeAsync(happened =>
            {
                Take(output, happened);
                step = new BuildStep(Math.Max(step.Percent, happened.Percent ?? 0), Text(underway.Path, happened) ?? step.Text, output.ToString());
                say(step);
                return Task.CompletedTask;
            });
            return new ResolvedImage(image.Name, Digest.Parse(image.Digest), image.Interactive);
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.BuildFailed && output.Length > 0)
        {
            var printed = output.ToString().Trim();
            throw new SandboxException(fault.Code, $"{fault.Message} The last lines before that: {(printed.Length > MostCause ? "…" + printed[^MostCause..] : printed)}", fault);
        }
    }

    private static string? Text(string file, BuildEvent happened) => happened.Type switch
    {
        BuildEventType.Phase or BuildEventType.Warning => happened.Text,
        BuildEventType.Step => happened.Line is { } line ? $"{file}:{line}: {happened.Instruction}" : happened.Instruction,
        _ => null,
    };

    /// <summary>Keeps the end of what the instruction that runs now printed.</summary>
    private static void Take(StringBuilder output, BuildEvent happened)
    {
        if (happened.Type == BuildEventType.Step)
        {
            output.Clear();
        }
        else if (happened is { Type: BuildEventType.Log, Text: { } text })
        {
            output.Append(text);
            if (output.Length > MostOutput)
            {
                output.Remove(0, output.Length - MostOutput);
            }
        }
    }
}
