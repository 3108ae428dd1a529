using Microsoft.EntityFrameworkCore;
using Sandbox.Core.People;
using Sandbox.Core.Quotas;
using Sandbox.Web.Audit;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Operators;

/// <summary>An operator who signed in.</summary>
/// <param name="Person">The operator.</param>
/// <param name="Session">The value of the cookie.</param>
internal sealed record SignedIn(PersonId Person, string Session);

/// <summary>
/// Sign-in links of operators. A person who may run commands as the service's user on the host gets a link that works
/// once, within 15 minutes. There is no password to lose.
/// </summary>
internal sealed class SignInLinks(SqliteStore store, BearerTokens tokens, AuditLog audit, TimeProvider time)
{
    public static readonly TimeSpan SessionLife = TimeSpan.FromHours(12);

    private static readonly TimeSpan LinkLife = TimeSpan.FromMinutes(15);

    /// <summary>The secret part of a new link.</summary>
    public async Task<string> NewAsync()
    {
        var token = BearerTokens.New();
        var now = time.GetUtcNow();
        await store.WriteAsync(async db =>
        {
            await db.AdminLinks.Where(link => link.ExpiresAt < now).ExecuteDeleteAsync();
            db.AdminLinks.Add(new AdminLinkRow { Hash = BearerTokens.Hash(token), ExpiresAt = now + LinkLife });
            return true;
        });
        audit.Add(new AuditEvent(AuditKind.SignIn, "A sign-in link was made on the host.") { Code = "link" });
        return token;
    }

    /// <summary>A session for the link, once; null when it was used, is too old or never was.</summary>
    public Task<SignedIn?> SignInAsync(string token) => store.WriteAsync<SignedIn?>(async db =>
    {
        var hash = BearerTokens.Hash(token);
        var now = time.GetUtcNow();
        var used = await db.AdminLinks
            .Where(link => link.Hash == hash && link.UsedAt == null && link.ExpiresAt > now)
            .ExecuteUpdateAsync(set => set.SetProperty(link => link.UsedAt, now));
        if (used == 0)
        {
            return null;
        }

        var person = await db.People.FirstOrDefaultAsync(row => row.Kind == PersonKind.Operator);
        if (person is null)
        {
            person = new PersonRow
            {
                Id = PersonId.New().Value,
                Kind = PersonKind.Operator,
                PlanName = Plan.Member.Name,
                CreatedAt = now,
                LastSeenAt = now,
            };
            db.People.Add(person);
            await db.SaveChangesAsync();
        }

        var session = BearerTokens.New();
        await db.Tokens.Where(row => row.ExpiresAt < now).ExecuteDeleteAsync();
        db.Tokens.Add(tokens.Row(session, PersonId.Parse(person.Id), SessionLife));
        return new SignedIn(PersonId.Parse(person.Id), session);
    });
}
