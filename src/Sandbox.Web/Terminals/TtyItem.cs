using Sandbox.Terminals.Marks;

namespace Sandbox.Web.Terminals;

/// <summary>Output of a terminal, or its end.</summary>
/// <param name="Offset">How many bytes of the terminal came before this; more than the viewer holds is a gap.</param>
/// <param name="Data">The bytes; empty in the last item. The array is this item's own.</param>
/// <param name="ExitCode">In the last item how the process ended, else null.</param>
/// <param name="Screen">
/// When output was skipped: the size of the terminal that the bytes draw, in place of as many bytes of output before the
/// ones that come next.
/// </param>
/// <param name="State">What the shell says of itself, for those who follow it; then there are no bytes.</param>
internal readonly record struct TtyItem(ulong Offset, ReadOnlyMemory<byte> Data, int? ExitCode, TtyScreenSize? Screen = null, TtyState? State = null);

/// <summary>How large the terminal is that a screen is meant for.</summary>
internal sealed record TtyScreenSize(ushort Cols, ushort Rows);
