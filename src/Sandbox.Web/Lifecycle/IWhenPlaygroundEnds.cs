using Sandbox.Core.Playgrounds;

namespace Sandbox.Web.Lifecycle;

/// <summary>Drops what a part of the process keeps in memory about a playground that has ended.</summary>
internal interface IWhenPlaygroundEnds
{
    /// <summary>The playground has ended on record; its sandboxes are removed after this. Returns quickly and does not throw.</summary>
    void Ended(PlaygroundId playground);
}
