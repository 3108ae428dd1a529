using Sandbox.Core.Playgrounds;

namespace Sandbox.Web.Lifecycle;

/// <summary>Tells the queue that a playground or a node is gone, whose place another may take.</summary>
internal sealed class PlacesFreed : IWhenPlaygroundEnds
{
#pragma warning disable MA0046 // Handlers need no sender.
    /// <summary>Raised after one is gone; handlers return quickly.</summary>
    public event Action? Freed;
#pragma warning restore MA0046

    public void Ended(PlaygroundId playground) => Free();

    /// <summary>Reports a launch that failed or a node that was removed.</summary>
    public void Free() => Freed?.Invoke();
}
