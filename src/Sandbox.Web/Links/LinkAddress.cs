using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Sandbox.Core.Recipes;

namespace Sandbox.Web.Links;

/// <summary>
/// The address of a link below <c>/x/</c>: a lock's hash, an alias, or both as <c>name@hash</c>. With a hash the address always
/// means the same lock; an alias means the one that its owner moved it to last.
/// </summary>
/// <param name="Alias">The name, or null.</param>
/// <param name="Hash">The hash, or null.</param>
internal sealed partial record LinkAddress(string? Alias, RecipeHash? Hash)
{
    /// <summary>The longest alias.</summary>
    public const int MaxAliasLength = 64;

    /// <summary>Reads an address from outside.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out LinkAddress? address)
    {
        address = null;
        if (text is null || text.Length > MaxAliasLength + 1 + 64)
        {
            return false;
        }

        if (RecipeHash.TryParse(text, out var hash))
        {
            address = new LinkAddress(null, hash);
        }
        else if (text.Split('@') is [var name, var behind] && IsAlias(name) && RecipeHash.TryParse(behind, out hash))
        {
            address = new LinkAddress(name, hash);
        }
        else if (IsAlias(text))
        {
            address = new LinkAddress(text, null);
        }

        return address is not null;
    }

    /// <summary>Whether a text may be an alias: 3 to 64 lower-case letters, digits and dashes, none of the latter at an end.</summary>
    public static bool IsAlias(string? text) => text is not null && AliasPattern().IsMatch(text) && !RecipeHash.TryParse(text, out _);

    /// <inheritdoc/>
    public override string ToString() => (Alias, Hash) switch
    {
        (null, { } hash) => hash.Value,
        ({ } alias, null) => alias,
        _ => $"{Alias}@{Hash}",
    };

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{1,62}[a-z0-9]\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AliasPattern();
}
