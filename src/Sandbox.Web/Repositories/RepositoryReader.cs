using Sandbox.Core.Errors;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Addresses;
using Sandbox.Recipes.Problems;
using Sandbox.Recipes.Repositories;
using Sandbox.Web.Catalog;
using Sandbox.Web.Errands;
using Sandbox.Web.Links;

namespace Sandbox.Web.Repositories;

/// <summary>The recipe of a repository, with every repository at a commit and every image at a digest.</summary>
internal sealed record ReadRepository(LockDraft Lock, string Commit, string? File, bool NeedsBuilds, IReadOnlyList<string> Problems);

/// <summary>Reads what a repository starts, inside a sandbox of the visitor that ends at once.</summary>
internal sealed class RepositoryReader(ErrandSandboxes sandboxes, ImageCatalog catalog, Locks locks, WebOptions options)
{
    private const int MostProblems = 50;

    private const string Submodules = ".gitmodules";
    private const string Attributes = ".gitattributes";

    /// <summary>Codes: those of <see cref="ErrandSandboxes.OpenAsync"/>, NotFound, RepositoryUnreachable, TooLarge, Timeout, Invalid (mistakes in sandbox.yaml), ImageNotFound.</summary>
    public async Task<ReadRepository> ReadAsync(Reading reading, CancellationToken cancellationToken)
    {
        reading.Say("Starting a sandbox that reads it");
        await using var sandbox = await sandboxes.OpenAsync(reading.Owner, GitRepository.Errand(options.Repositories), cancellationToken);
        var repository = new GitRepository(sandbox, reading, options.Repositories);
        var address = reading.Address;
        await repository.FetchAsync(address, cancellationToken);

        reading.Say("Looking for sandbox.yaml, a dev container, a Dockerfile or a compose file");
        var there = await repository.FindAsync(
            [Submodules, Attributes, .. address.Folder is { } folder ? [folder] : Array.Empty<string>(), .. RepositoryLayout.Candidates(address)], cancellationToken);
        if (address.Folder is { } asked && there.GetValueOrDefault(asked) is not { IsDirectory: true })
        {
            throw new SandboxException(ErrorCode.NotFound, $"The repository has no folder '{asked}'.");
        }

        if (address.Stack is { } stack && !there.ContainsKey(stack))
        {
            throw new SandboxException(ErrorCode.NotFound, $"The repository has no file '{stack}'.");
        }

        var candidates = there.Keys.Concat(RepositoryLayout.Candidates(address)).ToHashSet(StringComparer.Ordinal);
        var found = await RepositoryLayout.ReadAsync(
            address with { Ref = repository.Commit },
            async (path, cancellation) => (there.GetValueOrDefault(path) ?? (candidates.Contains(path) ? null : (await repository.FindAsync([path], cancellation)).GetValueOrDefault(path))) is { IsFile: true } ? await repository.ReadAsync(path, cancellation) : null,
            options.Repositories.Image,
            catalog.Offered,
            cancellationToken);
        if (found.Recipe is not { } recipe)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", found.Problems.Take(MostProblems)));
        }

        var pinned = await PinAsync(recipe, address, repository, cancellationToken);
        reading.Say("Making the link");
        return new ReadRepository(
            await locks.PinAsync(reading.Owner, pinned, cancellationToken),
            repository.Commit,
            found.File,
            found.NeedsBuilds,
            [.. found.Problems.Take(MostProblems).Select(Sentence), .. await LeftOutAsync(repository, there, cancellationToken)]);
    }

    /// <summary>The recipe with every repository at the commit where its ref is now.</summary>
    private static async Task<Recipe> PinAsync(Recipe recipe, RepositoryAddress address, GitRepository repository, CancellationToken cancellationToken)
    {
        var commits = new Dictionary<(string, string?), string> { [(address.Url, address.Ref)] = repository.Commit };
        var nodes = new List<RecipeNode>();
        foreach (var node in recipe.Nodes)
        {
            var pinned = new List<RecipeRepository>();
            foreach (var each in node.Repositories)
            {
                if (Locks.IsCommit(each.Ref))
                {
                    pinned.Add(each);
                    continue;
                }

                pinned.Add(each with { Ref = await CommitAsync(each.Url, each.Ref) });
            }

            nodes.Add(node with
            {
                Repositories = pinned,
                Build = node.Build is { IsPinned: false, Url: { } url } build ? build with { Ref = await CommitAsync(url, build.Ref) } : node.Build,
            });
        }

        return recipe with { Nodes = nodes };

        async Task<string> CommitAsync(string url, string? name)
        {
            if (!commits.TryGetValue((url, name), out var commit))
            {
                commits[(url, name)] = commit = await repository.ResolveAsync(url, name, cancellationToken);
            }

            return commit;
        }
    }

    private static async Task<IReadOnlyList<string>> LeftOutAsync(GitRepository repository, IReadOnlyDictionary<string, TreeEntry> there, CancellationToken cancellationToken)
    {
        var left = new List<string>();
        if (there.ContainsKey(Submodules))
        {
            left.Add("Submodules are not checked out: their folders are empty.");
        }

        if (there.GetValueOrDefault(Attributes) is { IsFile: true } && await repository.ReadAsync(Attributes, cancellationToken) is { } attributes && attributes.AsSpan().IndexOf("filter=lfs"u8) >= 0)
        {
            left.Add("Files of Git LFS are not fetched: pointers stand in their place.");
        }

        return left;
    }

    private static string Sentence(Problem problem) =>
        $"{problem.File}{(problem.Line > 1 ? $", line {problem.Line}" : "")}: {(problem.Field is null ? "" : problem.Field + ": ")}{problem.What}.";
}
