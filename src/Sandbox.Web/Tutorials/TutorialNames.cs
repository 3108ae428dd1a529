using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Web.Links;
using Sandbox.Web.Store;

namespace Sandbox.Web.Tutorials;

/// <summary>Names of tutorials. The first to take one owns it, and moves it with each new version.</summary>
internal static class TutorialNames
{
    private const int MaxNames = 200;
    private const int MaxGuestNames = 10;
    private const int MaxVersions = 200;

    /// <summary>Addresses below <c>/t/</c> that mean something else.</summary>
    private static readonly string[] Reserved = ["resume", "test"];

    /// <summary>Refuses a text that cannot be a name. Code: Invalid.</summary>
    public static void Check(string name)
    {
        if (!LinkAddress.IsAlias(name) || Reserved.Contains(name, StringComparer.Ordinal))
        {
            throw new SandboxException(ErrorCode.Invalid, $"name: 3 to {LinkAddress.MaxAliasLength} lower-case letters, digits and dashes, a letter or digit at both ends");
        }
    }

    /// <summary>Takes or moves a name. Part of the caller's transaction. Codes: Conflict (somebody else's), Quota.</summary>
    public static async Task SetAsync(SandboxDb db, string owner, string name, string hash, DateTimeOffset now)
    {
        var row = await db.TutorialNames.SingleOrDefaultAsync(row => row.Name == name);
        if (row is not null && row.OwnerId != owner)
        {
            throw new SandboxException(ErrorCode.Conflict, $"The name '{name}' belongs to somebody else. Choose another.");
        }

        if (row is null)
        {
            var most = await db.People.AnyAsync(person => person.Id == owner && person.Kind == PersonKind.Guest) ? MaxGuestNames : MaxNames;
            if (owner != TutorialRow.Shipped && await db.TutorialNames.CountAsync(other => other.OwnerId == owner) >= most)
            {
                throw new SandboxException(ErrorCode.Quota, $"You've reached your limit of {most} names of tutorials. Delete one first.");
            }

            db.TutorialNames.Add(new TutorialNameRow { Name = name, OwnerId = owner, Hash = hash, MovedAt = now });
        }
        else if (row.Hash == hash)
        {
            return;
        }
        else
        {
            (row.Hash, row.MovedAt) = (hash, now);
            db.TutorialVersions.RemoveRange(await db.TutorialVersions.Where(version => version.Name == name).OrderByDescending(version => version.At).Skip(MaxVersions - 1).ToListAsync());
        }

        db.TutorialVersions.Add(new TutorialVersionRow { Name = name, At = now, Hash = hash });
    }
}
