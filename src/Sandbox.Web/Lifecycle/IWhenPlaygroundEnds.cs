using Sandbox.Core.Playgrounds;

namespace Sandbox.Web.Lifecycle;

/// <summary>Drops what a part of the process keeps in memory about a playground that has ended, or that has another owner now.</summary>
internal interface IWhenPlaygroundEnds
{
    /// <summary>The playground has ended on record, and its sandboxes are removed after this; or it was handed to somebody else, for whom nothing is kept yet. Returns quickly and does not throw.</summary>
    void Ended(PlaygroundId playground);
}
