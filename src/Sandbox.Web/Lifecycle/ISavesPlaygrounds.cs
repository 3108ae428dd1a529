using Sandbox.Core.Playgrounds;

namespace Sandbox.Web.Lifecycle;

/// <summary>Keeps the state of a playground that is about to end.</summary>
internal interface ISavesPlaygrounds
{
    /// <summary>
    /// Saves a running playground as a private link of its owner, and notes the link in its row. One that changed nothing is not
    /// saved. Codes: Quota (storage), TooLarge, DiskFull, Conflict, RuntimeUnavailable.
    /// </summary>
    Task SaveAsync(PlaygroundId playground, CancellationToken cancellationToken);
}
