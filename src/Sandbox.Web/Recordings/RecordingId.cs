using System.Diagnostics.CodeAnalysis;
using Sandbox.Core.Ids;

namespace Sandbox.Web.Recordings;

/// <summary>Names one recording of a terminal.</summary>
internal readonly record struct RecordingId
{
    private readonly string? _text;

    private RecordingId(string text) => _text = text;

    /// <summary>The id as text, see <see cref="IdText"/>.</summary>
    public string Value => _text ?? throw new InvalidOperationException("an id was never set");

    /// <summary>A fresh id.</summary>
    public static RecordingId New() => new(IdText.Random());

    /// <summary>Reads an id that came from outside.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RecordingId id)
    {
        id = IdText.IsValid(text) ? new RecordingId(text!) : default;
        return id._text is not null;
    }

    /// <summary>Reads an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">It is no id.</exception>
    public static RecordingId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException("not an id");

    /// <inheritdoc/>
    public override string ToString() => _text ?? "";
}
