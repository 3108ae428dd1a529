/** Limits of the terminal hub, in bytes. The same numbers are in `TtyFrame.cs`; `tests/windows.test.ts` compares them. */

/** The most output that the server sends ahead of the acknowledgements. */
export const outputWindow = 256 * 1024;
/** A viewer acknowledges at least this often. */
export const ackAtLeast = 64 * 1024;
/** The longest input of one call. */
export const maxInput = 16 * 1024;
/** The most input that is sent and not answered: what the server keeps for a program that does not read. */
export const inputWindow = 64 * 1024;
