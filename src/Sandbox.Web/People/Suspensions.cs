using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.People;

/// <summary>The people whom an operator keeps out. In memory as well, since every request asks.</summary>
internal sealed class Suspensions(SqliteStore store)
{
    /// <summary>The code of the refusal.</summary>
    public static readonly string Code = ErrorCodes.Text(ErrorCode.Suspended);

    private readonly ConcurrentDictionary<PersonId, string> _reasons = new();

    /// <summary>Reads those on record. Called once, before the first request.</summary>
    public async Task LoadAsync()
    {
        foreach (var row in await store.ReadAsync(db => db.People.AsNoTracking().Where(row => row.SuspendedAt != null).ToListAsync()))
        {
            Began(PersonId.Parse(row.Id), row.SuspendedReason ?? "");
        }
    }

    /// <summary>A person was suspended, and it is on record.</summary>
    public void Began(PersonId person, string reason) => _reasons[person] = reason;

    /// <summary>A suspension was lifted.</summary>
    public void Ended(PersonId person) => _reasons.TryRemove(person, out _);

    /// <summary>Why a person may do nothing; null if they may.</summary>
    public string? RefusalOf(PersonId person) => _reasons.TryGetValue(person, out var reason) ? Refusal(person, reason) : null;

    /// <summary>The sentence that a suspended person reads.</summary>
    public static string Refusal(PersonId person, string? reason) =>
        $"An operator suspended your account: {reason} To use it again, write to those who run this site, and give them your number {person.Value}.";

    /// <summary>Refuses a person whose row says that they are suspended. Code: Suspended.</summary>
    public static void Check(PersonRow person)
    {
        if (person.SuspendedAt is not null)
        {
            throw new SandboxException(ErrorCode.Suspended, Refusal(PersonId.Parse(person.Id), person.SuspendedReason));
        }
    }
}
