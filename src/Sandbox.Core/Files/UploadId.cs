using System.Diagnostics.CodeAnalysis;
using Sandbox.Core.Ids;

namespace Sandbox.Core.Files;

/// <summary>Names one upload of a sandbox.</summary>
public readonly record struct UploadId
{
    private readonly string? _text;

    private UploadId(string text) => _text = text;

    /// <summary>The id as text, see <see cref="IdText"/>.</summary>
    public string Value => _text ?? throw new InvalidOperationException("an id was never set");

    /// <summary>A fresh id.</summary>
    public static UploadId New() => new(IdText.Random());

    /// <summary>Reads an id that came from outside.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out UploadId id)
    {
        id = IdText.IsValid(text) ? new UploadId(text!) : default;
        return id._text is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => _text ?? "";
}
