using System.Security.Cryptography;
using System.Text;

namespace Sandbox.Web.Links;

/// <summary>
/// Passwords of links, salted and hashed. The cost is small on purpose: visitors make the host compute it, and how often an
/// address may be wrong is bounded.
/// </summary>
internal static class LinkPasswords
{
    private const int Rounds = 5_000;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    public static string Hash(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return $"{Convert.ToBase64String(salt)} {Convert.ToBase64String(Derive(password, salt))}";
    }

    public static bool Matches(string stored, string? password) =>
        password is not null && stored.Split(' ') is [var salt, var hash]
        && CryptographicOperations.FixedTimeEquals(Convert.FromBase64String(hash), Derive(password, Convert.FromBase64String(salt)));

    private static byte[] Derive(string password, byte[] salt) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, Rounds, HashAlgorithmName.SHA256, HashBytes);
}
