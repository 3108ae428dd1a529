using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Sandbox.Core.People;

namespace Sandbox.Web.Registry;

/// <summary>
/// The two credentials of the registry. A password opens a person's images and nothing else of theirs, so that it may be
/// typed into a sandbox. It is exchanged for tokens, each for an hour and for the repositories that its client named.
/// </summary>
internal sealed class RegistryPasses(IDataProtectionProvider protection, TimeProvider time)
{
    public static readonly TimeSpan TokenLife = TimeSpan.FromHours(1);
    public static readonly TimeSpan PasswordLife = TimeSpan.FromDays(7);

    private const int MostScopes = 8;

    private readonly ITimeLimitedDataProtector _passwords = protection.CreateProtector("Sandbox.Registry.Passwords").ToTimeLimitedDataProtector();
    private readonly ITimeLimitedDataProtector _tokens = protection.CreateProtector("Sandbox.Registry.Tokens").ToTimeLimitedDataProtector();

    public (string Password, DateTimeOffset Ends) NewPassword(PersonId person)
    {
        var ends = time.GetUtcNow() + PasswordLife;
        return (_passwords.Protect(person.Value, ends), ends);
    }

    public PersonId? ReadPassword(string password) => Read(_passwords, password) is { } text && PersonId.TryParse(text, out var person) ? person : null;

    /// <param name="person">Whose token it is.</param>
    /// <param name="scopes">As the client asks for them: <c>repository:me/app:pull,push</c>. Those of other namespaces are left out.</param>
    public string NewToken(PersonId person, IEnumerable<string> scopes) =>
        _tokens.Protect(
            string.Join(' ', scopes.Where(scope => scope.StartsWith("repository:" + RegistryRequest.Own, StringComparison.Ordinal) && scope.Length <= 300).Take(MostScopes).Prepend(person.Value)),
            time.GetUtcNow() + TokenLife);

    /// <summary>Whose token it is, and what it opens; null if it is none, or has ended.</summary>
    public (PersonId Person, IReadOnlyList<string> Scopes)? ReadToken(string token) =>
        Read(_tokens, token)?.Split(' ') is [var id, .. var scopes] && PersonId.TryParse(id, out var person) ? (person, scopes) : null;

    /// <summary>Whether scopes allow an action, pull or push, on a repository.</summary>
    public static bool Allow(IReadOnlyList<string> scopes, string repository, string action) => scopes.Any(scope =>
        scope.Split(':') is ["repository", var name, var actions] && name == repository && actions.Split(',').Any(allowed => allowed == action || allowed == "*"));

    private static string? Read(ITimeLimitedDataProtector protector, string text)
    {
        try
        {
            return text.Length is > 0 and <= 4096 ? protector.Unprotect(text, out _) : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
