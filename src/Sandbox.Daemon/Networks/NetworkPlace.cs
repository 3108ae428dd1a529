namespace Sandbox.Daemon.Networks;

/// <summary>A sandbox's place in the address pool, kept in its record for the next daemon.</summary>
/// <param name="Slot">Which /28 of the pool: one per playground.</param>
/// <param name="Host">Which address of it, 2 to 14; the bridge is 1.</param>
internal sealed record NetworkPlace(int Slot, int Host);
