using System.Security.Cryptography;

namespace Sandbox.Core.Databases;

/// <summary>A sandbox's part as a database server of its playground.</summary>
/// <param name="Kind">The <see cref="DatabaseKind.Image"/> of its kind.</param>
/// <param name="Password">Its password if neither its image nor its recipe sets one; null for none. It is in no snapshot, link or export.</param>
public sealed record DatabaseServer(string Kind, string? Password)
{
    private const int LongestPassword = 64;

    /// <summary>The server that a node of a recipe is; null if its image is no database's. It has a password where its image lets no other node in without one.</summary>
    public static DatabaseServer? OfRecipe(string image) => DatabaseKind.Find(image) is { } kind ? new DatabaseServer(image, kind.IsOpen ? null : NewPassword()) : null;

    /// <summary>The server that an added node is, which always has a password; null if its image is no database's.</summary>
    public static DatabaseServer? OfAdded(string image) => DatabaseKind.Find(image) is null ? null : new DatabaseServer(image, NewPassword());

    /// <summary>A password that needs no quoting in a shell or an address.</summary>
    private static string NewPassword() => RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 20);

    /// <summary>Adds what is wrong with a server; null is none, and all is well.</summary>
    internal static void Check(DatabaseServer? server, string what, List<string> mistakes)
    {
        if (server is not null && DatabaseKind.Find(server.Kind) is null)
        {
            mistakes.Add($"{what}.kind: {string.Join(", ", DatabaseKind.All.Select(kind => kind.Image))}");
        }

        if (server?.Password is { } password && (password.Length is 0 or > LongestPassword || !password.All(char.IsAsciiLetterOrDigit)))
        {
            mistakes.Add($"{what}.password: 1 to {LongestPassword} letters and digits");
        }
    }
}
