using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.People;

namespace Sandbox.Web.Tunnels;

/// <summary>
/// Tokens that open tunnels to one playground of their person and nothing else, so that a person's own token need not be
/// on every computer. Nothing is stored: a token ends with its day, with its playground, or when all of that playground are revoked.
/// </summary>
internal sealed class TunnelTokens(IDataProtectionProvider protection, Revocations revocations, TimeProvider time)
{
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    /// <summary>Tells these tokens from those of people before anything is looked up.</summary>
    private const string Prefix = "sbxp_";

    private const int LongestToken = 1024;

    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("Sandbox.Tunnels").ToTimeLimitedDataProtector();

    public (string Token, DateTimeOffset Ends) New(PersonId person, PlaygroundId playground)
    {
        var now = time.GetUtcNow();
        return (Prefix + _protector.Protect(string.Create(CultureInfo.InvariantCulture, $"{person.Value} {playground.Value} {now.ToUnixTimeMilliseconds()}"), now + Life), now + Life);
    }

    /// <summary>Revokes all tokens of a playground.</summary>
    public Task RevokeAsync(PlaygroundId playground) => revocations.RevokeAsync(Subject(playground));

    /// <summary>Whose token it is and what it opens; null if it is none, or has ended.</summary>
    public TunnelPass? Read(string? token)
    {
        if (token is null || token.Length > LongestToken || !token.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            return _protector.Unprotect(token[Prefix.Length..], out _).Split(' ') is [var id, var place, .. var made] && PersonId.TryParse(id, out var person) && PlaygroundId.TryParse(place, out var playground)
                && !revocations.Covers(Subject(playground), made is [var text] && long.TryParse(text, CultureInfo.InvariantCulture, out var at) ? DateTimeOffset.FromUnixTimeMilliseconds(at) : default)
                ? new TunnelPass(person, playground)
                : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static string Subject(PlaygroundId playground) => $"tunnels {playground.Value}";
}

/// <summary>What a token opens: the tunnels of one playground.</summary>
internal sealed record TunnelPass(PersonId Person, PlaygroundId Playground);
