namespace Sandbox.Daemon.Networks;

/// <summary>Where a sandbox is in the address pool; written into its record, so that the next daemon finds it there.</summary>
/// <param name="Slot">Which /28 of the pool: one per playground.</param>
/// <param name="Host">Which address of it, 2 to 14; the bridge is 1.</param>
internal sealed record NetworkPlace(int Slot, int Host);
