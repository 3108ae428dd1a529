using System.Security.Cryptography;

namespace Sandbox.Core.Ids;

/// <summary>
/// The text of every id: 16 letters of RFC 4648 base32 in lower case, 80 random bits. It cannot be guessed,
/// and it is safe in a URL, a file name, a host name and a cgroup path without any escaping.
/// </summary>
public static class IdText
{
    /// <summary>Characters in an id.</summary>
    public const int Length = 16;

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>A fresh id.</summary>
    public static string Random() => RandomNumberGenerator.GetString(Alphabet, Length);

    /// <summary>Whether <paramref name="text"/> could be an id. Everything else is refused before it reaches a path or a query.</summary>
    public static bool IsValid(string? text)
    {
        if (text is null || text.Length != Length)
        {
            return false;
        }

        foreach (var letter in text)
        {
            if (letter is not ((>= 'a' and <= 'z') or (>= '2' and <= '7')))
            {
                return false;
            }
        }

        return true;
    }
}
