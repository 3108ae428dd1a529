using System.Diagnostics.CodeAnalysis;
using Sandbox.Core.Ids;

namespace Sandbox.Core.Volumes;

/// <summary>Names one volume. The runtime sees a volume only as this.</summary>
public readonly record struct VolumeId
{
    private readonly string? _text;

    private VolumeId(string text) => _text = text;

    /// <summary>The id as text, see <see cref="IdText"/>.</summary>
    public string Value => _text ?? throw new InvalidOperationException("an id was never set");

    /// <summary>A fresh id.</summary>
    public static VolumeId New() => new(IdText.Random());

    /// <summary>Reads an id that came from outside.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out VolumeId id)
    {
        id = IdText.IsValid(text) ? new VolumeId(text!) : default;
        return id._text is not null;
    }

    /// <summary>Reads an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">It is no id.</exception>
    public static VolumeId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException("not an id");

    /// <inheritdoc/>
    public override string ToString() => _text ?? "";
}
