using Sandbox.Core.People;
using Sandbox.Recipes.Addresses;
using Sandbox.Web.Links;
using Sandbox.Web.Store;

namespace Sandbox.Web.Repositories;

/// <summary>How a link of a repository is kept.</summary>
/// <param name="Title">For people; null is the repository's name.</param>
/// <param name="Access">Who may start it.</param>
/// <param name="Name">An alias to lead to it.</param>
/// <param name="Budget">How often it may be started.</param>
internal sealed record RepositoryLinkOrder(string? Title, LinkAccess Access, string? Name, LinkBudgetChange? Budget);

/// <summary>Makes links of repositories. The same commit of a repository gives the same link.</summary>
internal sealed class RepositoryLinks(Readings readings, RepositoryReader reader, OwnedLinks links, Aliases aliases)
{
    /// <summary>Begins to read a repository for a link. Code: Rate.</summary>
    public Reading Begin(PersonId owner, RepositoryAddress address, RepositoryLinkOrder order) => readings.Begin(owner, address, order, async (reading, cancellationToken) =>
    {
        var read = await reader.ReadAsync(reading, cancellationToken);
        var hash = await links.KeepAsync(owner, read.Lock, order.Title ?? Title(address), order.Access, isAutomatic: false, order.Budget);
        if (order.Name is not null)
        {
            await aliases.SetAsync(owner, order.Name, hash, null);
        }

        return new ReadingResult($"/x/{hash}?reading={reading.Id}", hash.Value) { Commit = read.Commit, File = read.File, NeedsBuilds = read.NeedsBuilds, Problems = read.Problems };
    });

    private static string Title(RepositoryAddress address)
    {
        var path = Uri.UnescapeDataString(new Uri(address.Url).AbsolutePath).Trim('/');
        var title = path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
        return title.Length <= OwnedLinks.MaxTitleLength ? title : address.Name[..Math.Min(address.Name.Length, OwnedLinks.MaxTitleLength)];
    }
}
