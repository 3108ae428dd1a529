using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Recipes.Addresses;
using Sandbox.Tutorials.Sources;
using Sandbox.Web.Errands;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.Repositories;

/// <summary>Publishes the tutorials of a folder of a repository for the person who opens it, unlisted. The same files are the same tutorial.</summary>
internal sealed class RepositoryTutorials(Readings readings, ErrandSandboxes sandboxes, TutorialPublishing publishing, TutorialViews views, WebOptions options)
{
    private const int MostFiles = 5000;
    private const int MostBytes = 20 << 20;
    private const int MostProblems = 200;

    /// <summary>Begins to read a folder for its tutorials. Code: Rate.</summary>
    public Reading Begin(PersonId owner, RepositoryAddress address) => readings.Begin(owner, address, "tutorials", async (reading, cancellationToken) =>
    {
        var (commit, folder, file, files) = await ReadAsync(reading, cancellationToken);
        reading.Say("Reading the tutorials");
        using var source = new MemorySource(folder is null ? address.Name : TutorialSource.NameOf(folder), files);
        var published = await publishing.PublishAsync(owner, source, new PublishOrder(Path: file), cancellationToken);
        var view = views.View(published, null);
        return new ReadingResult(view.Tutorials[0].Url, null)
        {
            Commit = commit,
            Tutorials = view.Tutorials,
            Problems = [.. view.Problems.Take(MostProblems).Select(problem => $"{problem.File}:{problem.Line}: {(problem.Field is null ? "" : problem.Field + ": ")}{problem.What}")],
        };
    });

    /// <summary>The files of the folder, and the name of the one that the address means.</summary>
    private async Task<(string Commit, string? Folder, string? File, IReadOnlyDictionary<string, byte[]> Files)> ReadAsync(Reading reading, CancellationToken cancellationToken)
    {
        reading.Say("Starting a sandbox that reads it");
        await using var sandbox = await sandboxes.OpenAsync(reading.Owner, GitRepository.Errand(options.Repositories), cancellationToken);
        var repository = new GitRepository(sandbox, reading, options.Repositories);
        await repository.FetchAsync(reading.Address, cancellationToken);
        var (folder, file) = (reading.Address.Folder, (string?)null);
        if (folder is not null)
        {
            switch ((await repository.FindAsync([folder], cancellationToken)).GetValueOrDefault(folder))
            {
                case null:
                    throw new SandboxException(ErrorCode.NotFound, $"The repository has no folder '{folder}'.");
                case { IsFile: true }:
                    file = TutorialSource.NameOf(folder);
                    folder = TutorialSource.FolderOf(folder) is { Length: > 0 } above ? above : null;
                    break;
                default:
                    break;
            }
        }

        return (repository.Commit, folder, file, await repository.ReadTreeAsync(folder, MostFiles, MostBytes, cancellationToken));
    }
}
