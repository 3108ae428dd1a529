using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Sandbox.Core.People;
using Sandbox.Web.People;

namespace Sandbox.Web.Registry;

/// <summary>
/// The two credentials of the registry. A password opens a person's images and nothing else of theirs, so that it may be
/// typed into a sandbox. It is exchanged for tokens, each for an hour and for the repositories that its client named. Nothing
/// is stored: all that a person has are revoked at once. A token ends with the password, or the API token, that it was got with.
/// </summary>
internal sealed class RegistryPasses(IDataProtectionProvider protection, Revocations revocations, BearerTokens bearers, TimeProvider time)
{
    public static readonly TimeSpan TokenLife = TimeSpan.FromHours(1);
    public static readonly TimeSpan PasswordLife = TimeSpan.FromDays(7);

    private const int MostScopes = 8;
    private const string Nobody = "nobody";

    private readonly ITimeLimitedDataProtector _passwords = protection.CreateProtector("Sandbox.Registry.Passwords").ToTimeLimitedDataProtector();
    private readonly ITimeLimitedDataProtector _tokens = protection.CreateProtector("Sandbox.Registry.Tokens").ToTimeLimitedDataProtector();

    public (string Password, DateTimeOffset Ends) NewPassword(PersonId person)
    {
        var now = time.GetUtcNow();
        return (_passwords.Protect(string.Create(CultureInfo.InvariantCulture, $"{person.Value} {now.ToUnixTimeMilliseconds()}"), now + PasswordLife), now + PasswordLife);
    }

    /// <summary>Whose password it is, and when it was made; null if it is none, or has ended.</summary>
    public (PersonId Person, string Made)? ReadPassword(string password) =>
        Read(_passwords, password)?.Split(' ') is [var id, .. var rest] && PersonId.TryParse(id, out var person) && (rest is [var at] ? at : "0") is var made && !IsRevoked(person, made) ? (person, made) : null;

    /// <summary>Revokes all passwords and tokens of a person.</summary>
    public Task RevokeAsync(PersonId person) => revocations.RevokeAsync(Subject(person));

    /// <summary>For those who did not sign in. Docker asks for a token before everything else, and what is shared needs none.</summary>
    public string NewTokenOfNobody() => _tokens.Protect(Nobody, time.GetUtcNow() + TokenLife);

    /// <param name="person">Whose token it is.</param>
    /// <param name="with">When the password was made that it is got with, or the API token's hash: it ends when that does.</param>
    /// <param name="scopes">As the client asks for them: <c>repository:me/app:pull,push</c>. Those of other namespaces are left out.</param>
    public string NewToken(PersonId person, string with, IEnumerable<string> scopes) =>
        _tokens.Protect(
            string.Join(' ', ((IEnumerable<string>)[person.Value, with]).Concat(scopes.Where(scope => scope.StartsWith("repository:" + RegistryRequest.Own, StringComparison.Ordinal) && scope.Length <= 300).Take(MostScopes))),
            time.GetUtcNow() + TokenLife);

    /// <summary>Whose token it is, null for nobody's, and what it opens; null if it is none, or has ended.</summary>
    public async ValueTask<(PersonId? Person, IReadOnlyList<string> Scopes)?> ReadTokenAsync(string token) => Read(_tokens, token)?.Split(' ') switch
    {
        [Nobody] => (null, []),
        [var id, { Length: BearerTokens.HashLength } hash, .. var scopes] when PersonId.TryParse(id, out var person) => (await bearers.FindByHashAsync(hash))?.Person == person ? (person, scopes) : null,
        [var id, var made, .. var scopes] when PersonId.TryParse(id, out var person) && !IsRevoked(person, made) => (person, scopes),
        _ => null,
    };

    /// <summary>Whether scopes allow an action, pull or push, on a repository.</summary>
    public static bool Allow(IReadOnlyList<string> scopes, string repository, string action) => scopes.Any(scope =>
        scope.Split(':') is ["repository", var name, var actions] && name == repository && actions.Split(',').Any(allowed => allowed == action || allowed == "*"));

    private bool IsRevoked(PersonId person, string made) =>
        revocations.Covers(Subject(person), long.TryParse(made, CultureInfo.InvariantCulture, out var at) ? DateTimeOffset.FromUnixTimeMilliseconds(at) : default);

    private static string Subject(PersonId person) => $"registry {person.Value}";

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
