using Sandbox.Core.Playgrounds;

namespace Sandbox.Web.Lifecycle;

/// <summary>Keeps the state of a playground that is about to end.</summary>
internal interface ISavesPlaygrounds
{
    /// <summary>
    /// Saves a running playground as a private link of its owner, and notes the link in its row. Codes: Quota (storage),
    /// TooLarge, DiskFull, Conflict, RuntimeUnavailable.
    /// </summary>
    /// <param name="playground">The playground.</param>
    /// <param name="isAsked">Whether its owner asked for it. Else the save gives way when storage is full, and one that changed nothing is not saved.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    Task SaveAsync(PlaygroundId playground, bool isAsked, CancellationToken cancellationToken);
}
