using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Ids;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Web.People;
using Sandbox.Web.Store;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Sharing;

/// <summary>The links to terminals: created, found by their secret, revoked.</summary>
internal sealed class ShareLinks(SqliteStore store, TerminalDirectory terminals, ISandboxRuntime runtime, ShareVisits visits, TimeProvider time)
{
    private const int MostPerTerminal = 16;
    private const int MostPerPerson = 64;

    /// <summary>Links that are over and kept, so that their holders learn why.</summary>
    private const int MostOver = 64;

    /// <summary>Tells a link's secret from a person's token before anything is looked up.</summary>
    private const string Prefix = "sbxt_";

    private static readonly TimeSpan KeptOver = TimeSpan.FromDays(1);

    public static bool IsShare(string token) => token.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Creates a link. Its secret is returned this once. Codes: NotFound, Quota.</summary>
    public async Task<(ShareRow Row, string Token)> CreateAsync(PersonId owner, string terminal, ShareAccess access, TimeSpan? life, CancellationToken cancellationToken)
    {
        var place = await terminals.FindAsync(owner, terminal, cancellationToken);
        var now = time.GetUtcNow();
        var token = Prefix + BearerTokens.New();
        var row = new ShareRow
        {
            Id = IdText.Random(),
            Hash = BearerTokens.Hash(token),
            TerminalId = terminal,
            SandboxId = place.Sandbox.Value,
            PlaygroundId = place.Playground.Value,
            OwnerId = owner.Value,
            Access = access,
            CreatedAt = now,
            ExpiresAt = now + life,
        };
        if (await TryAddAsync(row, now) is not { } refusal)
        {
            return (row, token);
        }

        // Links to terminals that ended are in the way, perhaps.
        if (!await ForgetEndedAsync(owner, cancellationToken) || await TryAddAsync(row, now) is not null)
        {
            throw new SandboxException(ErrorCode.Quota, refusal);
        }

        return (row, token);
    }

    /// <summary>A terminal's links that still admit somebody, oldest first. Code: NotFound.</summary>
    public async Task<IReadOnlyList<ShareRow>> ListAsync(PersonId owner, string terminal, CancellationToken cancellationToken)
    {
        await terminals.FindAsync(owner, terminal, cancellationToken);
        var now = time.GetUtcNow();
        return await store.ReadAsync(db => Live(db, owner, now).Where(row => row.TerminalId == terminal).OrderBy(row => row.CreatedAt).ToListAsync(cancellationToken));
    }

    /// <summary>Revokes a link and cuts its viewers off before returning. Code: NotFound.</summary>
    public async Task RevokeAsync(PersonId owner, string terminal, string share)
    {
        var now = time.GetUtcNow();
        var found = await store.WriteAsync(async db =>
        {
            var rows = db.Shares.Where(row => row.Id == share && row.TerminalId == terminal && row.OwnerId == owner.Value);
            return await rows.Where(row => row.RevokedAt == null).ExecuteUpdateAsync(set => set.SetProperty(row => row.RevokedAt, now)) > 0
                || await rows.AnyAsync();
        });
        if (!found)
        {
            throw new SandboxException(ErrorCode.NotFound, "You have no such link.");
        }

        visits.Drop(pass => pass.Id == share);
    }

    /// <summary>What a secret admits to, or why it no longer does; neither when it is none of ours. Nothing is kept of a failed try.</summary>
    public async Task<(SharePass? Pass, ShareRefusal? Refusal)> FindAsync(string token)
    {
        if (token.Length > 128)
        {
            return default;
        }

        var hash = BearerTokens.Hash(token);
        return await FindAsync(row => row.Hash == hash) is not { } found ? default
            : Refusal(found) is { } refusal ? (null, refusal)
            : Pass(found.Row) is var pass && visits.IsFull(pass) ? (null, ShareRefusal.Full)
            : (pass, null);
    }

    /// <summary>Until when a link that was good when its holder came is good; null when it no longer is.</summary>
    public async Task<DateTimeOffset?> StillGoodUntilAsync(SharePass pass)
    {
        var found = await FindAsync(row => row.Id == pass.Id);
        return found is not null && Refusal(found) is null ? found.Row.ExpiresAt ?? DateTimeOffset.MaxValue : null;
    }

    /// <summary>What the page of a link says about it: its image.</summary>
    public Task<string?> ImageOfAsync(SharePass pass, CancellationToken cancellationToken) =>
        store.ReadAsync(db => db.Sandboxes.Where(row => row.Id == pass.Sandbox.Value).Select(row => row.Image).SingleOrDefaultAsync(cancellationToken));

    /// <summary>The name of an image for people; its catalog name when the catalog no longer has it.</summary>
    public async Task<string> TitleOfAsync(string image, CancellationToken cancellationToken) =>
        await store.ReadAsync(db => db.Catalog.Where(row => row.Name == image).Select(row => row.Title).SingleOrDefaultAsync(cancellationToken)) ?? image;

    /// <summary>Deletes what has been over for a day.</summary>
    public Task SweepAsync()
    {
        var since = time.GetUtcNow() - KeptOver;
        return store.WriteAsync(db => db.Shares.Where(row => row.RevokedAt < since || row.ExpiresAt < since).ExecuteDeleteAsync());
    }

    private static IQueryable<ShareRow> Live(SandboxDb db, PersonId owner, DateTimeOffset now) => db.Shares.AsNoTracking()
        .Where(row => row.OwnerId == owner.Value && row.RevokedAt == null && (row.ExpiresAt == null || row.ExpiresAt > now)
            && db.Playgrounds.Any(playground => playground.Id == row.PlaygroundId && playground.State != PlaygroundStage.Ended));

    private Task<string?> TryAddAsync(ShareRow row, DateTimeOffset now) => store.WriteAsync(async db =>
    {
        var owner = PersonId.Parse(row.OwnerId);
        if (await Live(db, owner, now).CountAsync(live => live.TerminalId == row.TerminalId) >= MostPerTerminal)
        {
            return string.Create(CultureInfo.InvariantCulture, $"A terminal takes {MostPerTerminal} links. Revoke one first.");
        }

        if (await Live(db, owner, now).CountAsync() >= MostPerPerson)
        {
            return string.Create(CultureInfo.InvariantCulture, $"You have {MostPerPerson} links already. Revoke one first.");
        }

        var over = await db.Shares.Where(old => old.OwnerId == row.OwnerId && (old.RevokedAt != null || old.ExpiresAt <= now))
            .OrderByDescending(old => old.CreatedAt).Skip(MostOver).Select(old => old.Id).ToListAsync();
        await db.Shares.Where(old => over.Contains(old.Id)).ExecuteDeleteAsync();
        db.Shares.Add(row);
        return null;
    });

    /// <summary>Deletes the links of a person to terminals that are no longer there; false when there is none.</summary>
    private async Task<bool> ForgetEndedAsync(PersonId owner, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(db => Live(db, owner, time.GetUtcNow()).Select(row => new { row.Id, row.SandboxId, row.TerminalId }).ToListAsync(cancellationToken));
        var there = new HashSet<string>(StringComparer.Ordinal);
        foreach (var sandbox in rows.Select(row => row.SandboxId).Distinct(StringComparer.Ordinal))
        {
            try
            {
                there.UnionWith((await runtime.Terminals.ListAsync(SandboxId.Parse(sandbox), cancellationToken)).Select(terminal => terminal.Id.Value));
            }
            catch (SandboxException fault) when (fault.Code is ErrorCode.NotFound or ErrorCode.Conflict)
            {
                // It does not run; neither do its terminals.
            }
        }

        var gone = rows.Where(row => !there.Contains(row.TerminalId)).Select(row => row.Id).ToList();
        return gone.Count > 0 && await store.WriteAsync(db => db.Shares.Where(row => gone.Contains(row.Id)).ExecuteDeleteAsync()) > 0;
    }

    private Task<Found?> FindAsync(System.Linq.Expressions.Expression<Func<ShareRow, bool>> which) => store.ReadAsync(db => (
        from row in db.Shares.AsNoTracking().Where(which)
        join playground in db.Playgrounds on row.PlaygroundId equals playground.Id
        select new Found(row, playground.State)).SingleOrDefaultAsync());

    private ShareRefusal? Refusal(Found found) =>
        found.Row.RevokedAt is not null ? ShareRefusal.Revoked
        : found.Stage == PlaygroundStage.Ended ? ShareRefusal.Ended
        : found.Row.ExpiresAt <= time.GetUtcNow() ? ShareRefusal.Expired
        : null;

    private static SharePass Pass(ShareRow row) => new(
        row.Id, PersonId.Parse(row.OwnerId), PlaygroundId.Parse(row.PlaygroundId), SandboxId.Parse(row.SandboxId), TerminalId.Parse(row.TerminalId), row.Access);

    private sealed record Found(ShareRow Row, PlaygroundStage Stage);
}
