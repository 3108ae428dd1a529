using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.People;
using Sandbox.Core.Quotas;
using Sandbox.Web.Store;

namespace Sandbox.Web.People;

/// <summary>
/// Visitors without an account. A guest is a protected id in a cookie and has no row before the first launch, so
/// crawlers leave nothing in the database.
/// </summary>
internal sealed class Guests(IDataProtectionProvider protection, SqliteStore store, BearerTokens tokens, TimeProvider time)
{
    public const string Cookie = "sandbox_guest";

    private const int MostRemembered = 100_000;
    private readonly IDataProtector _protector = protection.CreateProtector("guest");
    private readonly ConcurrentDictionary<PersonId, DateTimeOffset> _seen = new();

    public bool TryRead(string cookie, out PersonId person)
    {
        person = default;
        try
        {
            return cookie.Length <= 1024 && PersonId.TryParse(_protector.Unprotect(cookie), out person);
        }
        catch (CryptographicException)
        {
            // Forged, or older than the current keys: treat as a new guest.
            return false;
        }
    }

    /// <summary>Loads the keys.</summary>
    public void WarmUp() => _protector.Protect("");

    /// <summary>The caller, or a new guest whose cookie the response sets.</summary>
    public PersonId Ensure(HttpContext context)
    {
        if (context.User.Person() is { } known)
        {
            return known;
        }

        var person = PersonId.New();
        context.User = CallerClaims.Principal(person, PersonKind.Guest);
        context.Response.Cookies.Append(Cookie, _protector.Protect(person.Value), new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            Secure = context.Request.IsHttps,
            IsEssential = true,
            MaxAge = TimeSpan.FromDays(365),
            Path = "/",
        });
        return person;
    }

    /// <summary>Whether there is a row for this person already.</summary>
    public async ValueTask<bool> IsKnownAsync(PersonId person) =>
        _seen.ContainsKey(person) || await store.ReadAsync(db => db.People.AnyAsync(row => row.Id == person.Value));

    /// <summary>A guest for a client that keeps no cookies.</summary>
    public async Task<string> NewTokenAsync()
    {
        var token = BearerTokens.New();
        var person = PersonId.New();
        await store.WriteAsync(db =>
        {
            db.People.Add(Row(person));
            db.Tokens.Add(tokens.Row(token, person, life: null));
            return Task.FromResult(true);
        });
        Saw(person);
        return token;
    }

    public PersonRow Row(PersonId person) => new()
    {
        Id = person.Value,
        Kind = PersonKind.Guest,
        PlanName = Plan.Guest.Name,
        CreatedAt = time.GetUtcNow(),
        LastSeenAt = time.GetUtcNow(),
    };

    /// <summary>Remembers that a person with a row was here; written down now and then by <see cref="TakeSeen"/>.</summary>
    public void Saw(PersonId person)
    {
        if (_seen.Count >= MostRemembered)
        {
            _seen.Clear();
        }

        _seen[person] = time.GetUtcNow();
    }

    /// <summary>Refreshes the time of a person known to have a row.</summary>
    public void SawAgain(PersonId person)
    {
        if (_seen.TryGetValue(person, out var last))
        {
            _seen.TryUpdate(person, time.GetUtcNow(), last);
        }
    }

    /// <summary>Who was here since <paramref name="since"/>.</summary>
    public IReadOnlyList<(PersonId Person, DateTimeOffset At)> TakeSeen(DateTimeOffset since) =>
        [.. _seen.Where(pair => pair.Value >= since).Select(pair => (pair.Key, pair.Value))];
}
