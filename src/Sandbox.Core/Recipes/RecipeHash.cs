using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Sandbox.Core.Recipes;

/// <summary>The SHA-256 of a recipe's canonical bytes, 64 hex digits. Equal recipes have equal hashes.</summary>
public readonly record struct RecipeHash
{
    private readonly string? _text;

    private RecipeHash(string text) => _text = text;

    /// <summary>The hash in lower-case hex.</summary>
    public string Value => _text ?? throw new InvalidOperationException("a recipe's hash was never set");

    /// <summary>Hashes a recipe.</summary>
    public static RecipeHash Of(Recipe recipe) => Of(RecipeJson.Write(recipe));

    /// <summary>Hashes the canonical bytes of a recipe, see <see cref="RecipeJson.Write"/>.</summary>
    public static RecipeHash Of(ReadOnlySpan<byte> canonical) => new(Convert.ToHexStringLower(SHA256.HashData(canonical)));

    /// <summary>Reads a hash that came from outside.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RecipeHash hash)
    {
        hash = default;
        if (text is not { Length: 64 } || !text.All(digit => digit is (>= '0' and <= '9') or (>= 'a' and <= 'f')))
        {
            return false;
        }

        hash = new RecipeHash(text);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => _text ?? "";
}
