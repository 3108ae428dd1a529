using System.Diagnostics.CodeAnalysis;

namespace Sandbox.Core.Images;

/// <summary>
/// A content digest as in the OCI image spec, <c>sha256:</c> and 64 hex digits. Other algorithms are refused.
/// https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
/// </summary>
public readonly record struct Digest
{
    private const string Prefix = "sha256:";
    private readonly string? _text;

    private Digest(string text) => _text = text;

    /// <summary>The digest as written, <c>sha256:…</c>.</summary>
    public string Value => _text ?? throw new InvalidOperationException("a digest was never set");

    /// <summary>The 64 hex digits alone: a file name.</summary>
    public string Hex => Value[Prefix.Length..];

    /// <summary>Reads a digest that came from outside.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        digest = default;
        if (text is null || text.Length != Prefix.Length + 64 || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        foreach (var digit in text.AsSpan(Prefix.Length))
        {
            if (digit is not ((>= '0' and <= '9') or (>= 'a' and <= 'f')))
            {
                return false;
            }
        }

        digest = new Digest(text);
        return true;
    }

    /// <summary>Reads a digest that this program wrote itself.</summary>
    /// <exception cref="FormatException">It is no digest.</exception>
    public static Digest Parse(string text) =>
        TryParse(text, out var digest) ? digest : throw new FormatException("not a sha256 digest");

    /// <inheritdoc/>
    public override string ToString() => _text ?? "";
}
