namespace Sandbox.Tutorials.Markup;

/// <summary>A fenced code block, before CommonMark.</summary>
/// <param name="Line">Of its opening.</param>
/// <param name="Prefix">Indentation, quote and list marks before the opening.</param>
/// <param name="Info">The info string, trimmed.</param>
/// <param name="Code">Without the final line end, and without the indentation of the fence.</param>
/// <param name="Tail">After the closing marks on the same line, as <c>{{execute}}</c>; null when nothing is there.</param>
/// <param name="Closed">The closing marks were found.</param>
internal sealed record Fence(int Line, string Prefix, string Info, string Code, string? Tail, bool Closed);
