using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Web.Store;

namespace Sandbox.Web.Links;

/// <summary>Names of links. The first to take one owns it, moves it, and gives it back by deleting it.</summary>
internal sealed class Aliases(SqliteStore store, TimeProvider time)
{
    /// <summary>The most aliases of one person.</summary>
    public const int MaxAliases = 100;

    /// <summary>The most of a guest, who is free to be many.</summary>
    public const int MaxGuestAliases = 5;

    /// <summary>The most moves that an alias remembers; the oldest go.</summary>
    public const int MaxMoves = 1000;

    /// <summary>Characters of an alias's Markdown.</summary>
    public const int MaxTextLength = 20_000;

    /// <summary>Takes or moves an alias. Codes: Invalid, Conflict (somebody else's), LinkNotFound (the link is not the person's), Quota.</summary>
    public Task SetAsync(PersonId owner, string name, RecipeHash hash, string? text) => store.WriteAsync(async db =>
    {
        if (!LinkAddress.IsAlias(name))
        {
            throw new SandboxException(ErrorCode.Invalid, $"name: 3 to {LinkAddress.MaxAliasLength} lower-case letters, digits and dashes, a letter or digit at both ends");
        }

        if (text is { Length: > MaxTextLength })
        {
            throw new SandboxException(ErrorCode.Invalid, $"text: at most {MaxTextLength} characters");
        }

        if (!await db.Links.AnyAsync(row => row.OwnerId == owner.Value && row.Hash == hash.Value))
        {
            throw new SandboxException(ErrorCode.LinkNotFound, "You have no such link to give a name to.");
        }

        var now = time.GetUtcNow();
        var row = await db.Aliases.SingleOrDefaultAsync(row => row.Name == name);
        if (row is not null && row.OwnerId != owner.Value)
        {
            throw new SandboxException(ErrorCode.Conflict, $"The name '{name}' belongs to somebody else. Choose another.");
        }

        if (row is null)
        {
            var most = await db.People.AnyAsync(person => person.Id == owner.Value && person.Kind == PersonKind.Guest) ? MaxGuestAliases : MaxAliases;
            if (await db.Aliases.CountAsync(alias => alias.OwnerId == owner.Value) >= most)
            {
                throw new SandboxException(ErrorCode.Quota, $"You've reached your limit of {most} names. Delete one first.");
            }

            row = new AliasRow { Name = name, OwnerId = owner.Value, Hash = hash.Value, CreatedAt = now, MovedAt = now };
            db.Aliases.Add(row);
            db.AliasMoves.Add(new AliasMoveRow { Name = name, At = now, Hash = hash.Value });
        }
        else if (row.Hash != hash.Value)
        {
            (row.Hash, row.MovedAt) = (hash.Value, now);
            db.AliasMoves.Add(new AliasMoveRow { Name = name, At = now, Hash = hash.Value });
            var old = await db.AliasMoves.Where(move => move.Name == name).OrderByDescending(move => move.At).Skip(MaxMoves - 1).ToListAsync();
            db.AliasMoves.RemoveRange(old);
        }

        row.Text = text ?? row.Text;
        return true;
    });

    /// <summary>Gives an alias back; links stay. Code: LinkNotFound.</summary>
    public Task DeleteAsync(PersonId owner, string name) => store.WriteAsync(async db =>
        await db.Aliases.Where(row => row.Name == name && row.OwnerId == owner.Value).ExecuteDeleteAsync() == 1
            ? true
            : throw new SandboxException(ErrorCode.LinkNotFound, "You have no such name."));

    /// <summary>An alias with where it led. Code: LinkNotFound.</summary>
    public async Task<AliasRow> FindAsync(string name) =>
        await store.ReadAsync(db => db.Aliases.AsNoTracking().Include(row => row.Moves).SingleOrDefaultAsync(row => row.Name == name))
        ?? throw new SandboxException(ErrorCode.LinkNotFound, $"Nothing is called '{(name.Length > LinkAddress.MaxAliasLength ? name[..LinkAddress.MaxAliasLength] : name)}' here.");
}
