using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Sandbox.Web.Store;

namespace Sandbox.Web.People;

/// <summary>
/// Revokes passwords and tokens that are stored nowhere: those of a subject that were made until a moment. The moment is
/// kept as long as any of them could live. In memory as well, since every request with one asks.
/// </summary>
internal sealed class Revocations(SqliteStore store, TimeProvider time)
{
    /// <summary>Longer than any of them lives.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(8);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _moments = new(StringComparer.Ordinal);

    /// <summary>Reads those on record. Called once, before the first request.</summary>
    public async Task LoadAsync()
    {
        foreach (var row in await store.ReadAsync(db => db.Revocations.AsNoTracking().ToListAsync()))
        {
            _moments[row.Subject] = row.At;
        }
    }

    /// <summary>Revokes what was made for a subject until now.</summary>
    public async Task RevokeAsync(string subject)
    {
        // Tokens know milliseconds.
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        var old = now - Kept;
        await store.WriteAsync(async db =>
        {
            await db.Revocations.Where(row => row.Subject == subject || row.At < old).ExecuteDeleteAsync();
            db.Revocations.Add(new RevocationRow { Subject = subject, At = now });
            return await db.SaveChangesAsync();
        });
        _moments[subject] = now;
        foreach (var entry in _moments.Where(entry => entry.Value < old).ToList())
        {
            _moments.TryRemove(entry);
        }
    }

    /// <summary>Whether something made for a subject is revoked. What does not say when it was made is from before there were revocations.</summary>
    public bool Covers(string subject, DateTimeOffset made) => _moments.TryGetValue(subject, out var at) && made <= at;
}
