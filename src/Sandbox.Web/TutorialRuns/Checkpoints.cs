using System.Globalization;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.Saves;
using Sandbox.Web.Store;

namespace Sandbox.Web.TutorialRuns;

/// <summary>The state in which a page was left.</summary>
/// <param name="Hash">The private link that holds its files.</param>
/// <param name="Terminals">Its terminals, see <see cref="OpenTerminals"/>.</param>
internal sealed record Checkpoint(string Hash, string? Terminals);

/// <summary>Saves the state of a run at each page that is passed or skipped, in the visitor's own storage. A state that did not change is the same link.</summary>
internal sealed partial class Checkpoints(PlaygroundSaves saves, OpenTerminals terminals, ILogger<Checkpoints> logger)
{
    /// <summary>Saves; null when there is no room, or the sandbox does not run: then the visitor goes on without a checkpoint.</summary>
    public async Task<Checkpoint?> TakeAsync(OpenRun run, int number, CancellationToken cancellationToken)
    {
        try
        {
            var open = await terminals.ReadAsync(run.Sandbox, cancellationToken);
            var title = string.Create(CultureInfo.InvariantCulture, $"{Short(run.Row.Title)}, page {number}");
            var hash = await saves.SaveAsync(PersonId.Parse(run.Row.OwnerId), PlaygroundId.Parse(run.Row.PlaygroundId!), new SaveOrder(title, LinkAccess.Private, IsAutomatic: true), cancellationToken);
            return new Checkpoint(hash.Value, open);
        }
        catch (SandboxException fault)
        {
            Log.NotSaved(logger, fault, run.Row.Id, number);
            return null;
        }
    }

    private static string Short(string title)
    {
        var line = new string([.. title.Where(letter => !char.IsControl(letter))]);
        return line.Length > 80 ? line[..80] : line;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Run {Run} has no checkpoint of page {Page}")]
        public static partial void NotSaved(ILogger logger, Exception fault, string run, int page);
    }
}
