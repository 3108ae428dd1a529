using Sandbox.Core.Errors;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.Repositories;

/// <summary>A fault, as it stands in an answer.</summary>
internal sealed record ReadingErrorView(string Code, string Message);

/// <summary>A repository that is read, or was.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">reading, done or failed.</param>
/// <param name="Repository">The URL.</param>
/// <param name="Ref">The ref that was asked for.</param>
/// <param name="Path">The folder that was asked for.</param>
/// <param name="Step">What is being done, for people.</param>
/// <param name="Log">The commands that were run in the visitor's sandbox, and what they printed.</param>
/// <param name="Commit">The commit that was read.</param>
/// <param name="File">The file that decides what is started.</param>
/// <param name="NeedsBuilds">Whether a compose file needs Docker where it is not offered: another image is started.</param>
/// <param name="Problems">A sentence for each part that was left out.</param>
/// <param name="Hash">The link's hash.</param>
/// <param name="Page">The path of the page to go to.</param>
/// <param name="Tutorials">The tutorials of an address below /k/.</param>
/// <param name="Error">Why it failed.</param>
internal sealed record ReadingView(
    string Id,
    string State,
    string Repository,
    string? Ref,
    string? Path,
    string Step,
    IReadOnlyList<string> Log,
    string? Commit,
    string? File,
    bool NeedsBuilds,
    IReadOnlyList<string> Problems,
    string? Hash,
    string? Page,
    IReadOnlyList<PublishedTutorialView> Tutorials,
    ReadingErrorView? Error)
{
    public static ReadingView Of(Reading reading)
    {
        var (step, log) = reading.Words();
        var state = reading.State;
        var result = state == ReadingState.Done ? reading.Outcome.Result : null;
        return new ReadingView(
            reading.Id,
            state switch { ReadingState.Reading => "reading", ReadingState.Done => "done", _ => "failed" },
            reading.Address.Url,
            reading.Address.Ref,
            reading.Address.Folder,
            step,
            log,
            result?.Commit,
            result?.File,
            result?.NeedsBuilds ?? false,
            result?.Problems ?? [],
            result?.Hash,
            result?.Page,
            result?.Tutorials ?? [],
            state == ReadingState.Failed && reading.Fault is { } fault ? new ReadingErrorView(ErrorCodes.Text(fault.Code), fault.Message) : null);
    }
}
