using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Web.Store;

namespace Sandbox.Web.Audit;

/// <summary>Which events to read.</summary>
internal sealed record AuditFilter
{
    /// <summary>Empty is all of them.</summary>
    public IReadOnlyList<AuditKind> Kinds { get; init; } = [];

    public string? Person { get; init; }

    /// <summary>A person, a playground or an address.</summary>
    public string? About { get; init; }

    public DateTimeOffset? Since { get; init; }

    public DateTimeOffset? Until { get; init; }

    public IQueryable<AuditRow> Of(IQueryable<AuditRow> rows)
    {
        rows = Kinds.Count == 0 ? rows : rows.Where(row => Kinds.Contains(row.Kind));
        rows = Person is null ? rows : rows.Where(row => row.PersonId == Person);
        rows = About is null ? rows : rows.Where(row => row.PersonId == About || row.PlaygroundId == About || row.Address == About);
        rows = Since is null ? rows : rows.Where(row => row.LastAt >= Since);
        return Until is null ? rows : rows.Where(row => row.At <= Until);
    }
}

/// <summary>Reads the audit log, up to what happened just now.</summary>
internal sealed class AuditReader(SqliteStore store, AuditWriter writer)
{
    public const int MostOfPage = 200;

    private const int RowsAtOnce = 1000;

    /// <summary>A page of events, the newest first. Code: Invalid.</summary>
    /// <param name="filter">Which ones.</param>
    /// <param name="before">Only those with a smaller id.</param>
    /// <param name="limit">How many, 1 to 200.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    public async Task<AuditPage> FindAsync(AuditFilter filter, long? before, int limit, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > MostOfPage)
        {
            throw new SandboxException(ErrorCode.Invalid, $"limit: 1 to {MostOfPage}");
        }

        await writer.FlushAsync();
        var rows = await ReadAsync(filter, before ?? long.MaxValue, limit + 1, cancellationToken);
        return new AuditPage([.. rows.Take(limit).Select(AuditView.From)], rows.Count > limit ? rows[limit - 1].Id : null);
    }

    /// <summary>All events, the newest first.</summary>
    public async IAsyncEnumerable<AuditView> AllAsync(AuditFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await writer.FlushAsync();
        var before = long.MaxValue;
        while (await ReadAsync(filter, before, RowsAtOnce, cancellationToken) is { Count: > 0 } rows)
        {
            foreach (var row in rows)
            {
                yield return AuditView.From(row);
            }

            before = rows[^1].Id;
        }
    }

    private Task<List<AuditRow>> ReadAsync(AuditFilter filter, long before, int most, CancellationToken cancellationToken) => store.ReadAsync(db =>
        filter.Of(db.Audit.AsNoTracking()).Where(row => row.Id < before).OrderByDescending(row => row.Id).Take(most).ToListAsync(cancellationToken));
}
