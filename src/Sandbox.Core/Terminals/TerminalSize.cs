namespace Sandbox.Core.Terminals;

/// <summary>The size of a terminal in character cells.</summary>
/// <param name="Cols">Columns, 1 to 1000.</param>
/// <param name="Rows">Rows, 1 to 1000.</param>
public sealed record TerminalSize(int Cols, int Rows);
