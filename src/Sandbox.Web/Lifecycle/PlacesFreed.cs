using Sandbox.Core.Playgrounds;

namespace Sandbox.Web.Lifecycle;

/// <summary>Tells the queue that a playground has ended, whose place in its link another may take.</summary>
internal sealed class PlacesFreed : IWhenPlaygroundEnds
{
#pragma warning disable MA0046 // Handlers need no sender.
    /// <summary>Raised after a playground ended; handlers return quickly.</summary>
    public event Action? Freed;
#pragma warning restore MA0046

    public void Ended(PlaygroundId playground) => Freed?.Invoke();
}
