using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;

namespace Sandbox.Web.Tunnels;

/// <summary>
/// Tokens that open tunnels to one playground of their person and nothing else, so that a person's own token need not be
/// on every computer. Nothing is stored: a token ends with its day, and with its playground.
/// </summary>
internal sealed class TunnelTokens(IDataProtectionProvider protection, TimeProvider time)
{
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    /// <summary>Tells these tokens from those of people before anything is looked up.</summary>
    private const string Prefix = "sbxp_";

    private const int LongestToken = 1024;

    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("Sandbox.Tunnels").ToTimeLimitedDataProtector();

    public (string Token, DateTimeOffset Ends) New(PersonId person, PlaygroundId playground)
    {
        var ends = time.GetUtcNow() + Life;
        return (Prefix + _protector.Protect($"{person.Value} {playground.Value}", ends), ends);
    }

    /// <summary>Whose token it is and what it opens; null if it is none, or has ended.</summary>
    public TunnelPass? Read(string? token)
    {
        if (token is null || token.Length > LongestToken || !token.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            return _protector.Unprotect(token[Prefix.Length..], out _).Split(' ') is [var id, var place] && PersonId.TryParse(id, out var person) && PlaygroundId.TryParse(place, out var playground)
                ? new TunnelPass(person, playground)
                : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}

/// <summary>What a token opens: the tunnels of one playground.</summary>
internal sealed record TunnelPass(PersonId Person, PlaygroundId Playground);
