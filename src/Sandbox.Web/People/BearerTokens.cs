using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.People;

/// <summary>Whose a token is.</summary>
internal sealed record TokenHolder(PersonId Person, PersonKind Kind, DateTimeOffset? ExpiresAt);

/// <summary>Bearer tokens and operators' sessions: 256 random bits each, kept as their SHA-256.</summary>
internal sealed class BearerTokens(SqliteStore store, TimeProvider time)
{
    /// <summary>Characters of a token's hash.</summary>
    public const int HashLength = 2 * SHA256.HashSizeInBytes;

    private const int MostRemembered = 10_000;
    private readonly ConcurrentDictionary<string, TokenHolder> _remembered = new(StringComparer.Ordinal);
    private int _revoked;

    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static string Hash(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    public TokenRow Row(string token, PersonId person, TimeSpan? life) => new()
    {
        Hash = Hash(token),
        PersonId = person.Value,
        CreatedAt = time.GetUtcNow(),
        ExpiresAt = time.GetUtcNow() + life,
    };

    public async ValueTask<TokenHolder?> FindAsync(string token) => token.Length is 0 or > 128 ? null : await FindByHashAsync(Hash(token));

    /// <summary>Whose the token with a hash is; null once it is revoked, or has ended.</summary>
    public async ValueTask<TokenHolder?> FindByHashAsync(string hash)
    {
        if (!_remembered.TryGetValue(hash, out var holder))
        {
            var revoked = Volatile.Read(ref _revoked);
            holder = await store.ReadAsync(async db =>
                await (from row in db.Tokens
                       join person in db.People on row.PersonId equals person.Id
                       where row.Hash == hash
                       select new { person.Id, person.Kind, row.ExpiresAt }).AsNoTracking().SingleOrDefaultAsync() is { } found
                    ? new TokenHolder(PersonId.Parse(found.Id), found.Kind, found.ExpiresAt)
                    : null);
            if (holder is null)
            {
                return null;
            }

            if (_remembered.Count >= MostRemembered)
            {
                _remembered.Clear();
            }

            _remembered[hash] = holder;
            if (Volatile.Read(ref _revoked) != revoked)
            {
                _remembered.TryRemove(hash, out _); // it may have been this one, after it was read
            }
        }

        return holder.ExpiresAt <= time.GetUtcNow() ? null : holder;
    }

    public async Task RevokeAsync(string token)
    {
        var hash = Hash(token);
        await store.WriteAsync(db => db.Tokens.Where(row => row.Hash == hash).ExecuteDeleteAsync());
        Interlocked.Increment(ref _revoked);
        _remembered.TryRemove(hash, out _);
    }
}
