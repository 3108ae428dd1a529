using System.Diagnostics.CodeAnalysis;
using Sandbox.Core.Ids;

namespace Sandbox.Core.Terminals;

/// <summary>Names one terminal of a sandbox.</summary>
public readonly record struct TerminalId
{
    private readonly string? _text;

    private TerminalId(string text) => _text = text;

    /// <summary>The id as text, see <see cref="IdText"/>.</summary>
    public string Value => _text ?? throw new InvalidOperationException("an id was never set");

    /// <summary>A fresh id.</summary>
    public static TerminalId New() => new(IdText.Random());

    /// <summary>Reads an id that came from outside.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TerminalId id)
    {
        id = IdText.IsValid(text) ? new TerminalId(text!) : default;
        return id._text is not null;
    }

    /// <summary>Reads an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">It is no id.</exception>
    public static TerminalId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException("not an id");

    /// <inheritdoc/>
    public override string ToString() => _text ?? "";
}
