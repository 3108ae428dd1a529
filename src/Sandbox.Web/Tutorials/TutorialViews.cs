using Microsoft.EntityFrameworkCore;
using Sandbox.Core.People;
using Sandbox.Tutorials;
using Sandbox.Web.Store;

namespace Sandbox.Web.Tutorials;

/// <summary>A tutorial that was published just now.</summary>
/// <param name="Hash">Its hash: the same files have the same one, on every server.</param>
/// <param name="Name">The name that leads to it.</param>
/// <param name="Url">Its page.</param>
/// <param name="Title">Its title.</param>
/// <param name="Summary">A sentence or two.</param>
/// <param name="Runnable">Whether it starts here; if not it can be read.</param>
/// <param name="Reason">Why it does not start.</param>
internal sealed record PublishedTutorialView(string Hash, string? Name, string Url, string Title, string Summary, bool Runnable, string? Reason);

/// <summary>Something to be said about the files of a tutorial.</summary>
/// <param name="Kind">mistake, refused, unsupported or advice.</param>
/// <param name="File">The file, from the root of the source.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Field">The field of a document.</param>
/// <param name="What">What it is.</param>
internal sealed record TutorialProblemView(string Kind, string File, int Line, string? Field, string What);

/// <summary>The result of publishing.</summary>
internal sealed record PublishedView(IReadOnlyList<PublishedTutorialView> Tutorials, IReadOnlyList<TutorialProblemView> Problems);

/// <summary>A tutorial of the list.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="Name">A name that leads to it; null for none.</param>
/// <param name="Url">Its page.</param>
/// <param name="Title">Its title.</param>
/// <param name="Summary">A sentence or two.</param>
/// <param name="Difficulty">As its author wrote it.</param>
/// <param name="Time">As its author wrote it: 10 minutes.</param>
/// <param name="Cover">The address of a picture.</param>
/// <param name="Steps">Pages of the kind step.</param>
/// <param name="Needs">The image that it runs on.</param>
/// <param name="Runnable">Whether it starts here; if not it can be read.</param>
/// <param name="Reason">Why it does not start.</param>
/// <param name="Public">Whether everybody's list has it.</param>
/// <param name="Own">Whether it is yours.</param>
/// <param name="TestedAt">When its own test ran last.</param>
/// <param name="PassedAt">When its own test passed last.</param>
public sealed record TutorialView(
    string Hash,
    string? Name,
    string Url,
    string Title,
    string Summary,
    string? Difficulty,
    string? Time,
    string? Cover,
    int Steps,
    string Needs,
    bool Runnable,
    string? Reason,
    bool Public,
    bool Own,
    DateTimeOffset? TestedAt,
    DateTimeOffset? PassedAt);

/// <summary>The public tutorials and one's own.</summary>
internal sealed record TutorialListView(IReadOnlyList<TutorialView> Tutorials);

/// <summary>One page of a tutorial, without its text.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Title">Its title.</param>
/// <param name="Kind">intro, step or finish.</param>
public sealed record TutorialStepView(int Number, string Title, string Kind);

/// <summary>A value that the visitor may choose.</summary>
public sealed record TutorialParameterView(string Name, string Prompt, string Default, IReadOnlyList<string> Choices);

/// <summary>A tab beside the terminals.</summary>
public sealed record TutorialDashboardView(string Name, int? Port, string? Url);

/// <summary>How the author wants the page laid out.</summary>
/// <param name="Editor">Whether an editor stands beside the terminals.</param>
/// <param name="EditorPath">The directory that its relative paths start from.</param>
/// <param name="Terminals">Terminals open at the start.</param>
/// <param name="OpenFiles">Files that the editor opens at the start.</param>
/// <param name="Welcome">Printed in the first terminal; may hold ANSI sequences.</param>
/// <param name="Dashboards">Tabs that show a port or a page.</param>
public sealed record TutorialLayoutView(bool Editor, string EditorPath, int Terminals, IReadOnlyList<string> OpenFiles, string? Welcome, IReadOnlyList<TutorialDashboardView> Dashboards)
{
    public static TutorialLayoutView From(Layout layout) => new(
        layout.Editor,
        layout.EditorPath,
        layout.Terminals,
        layout.OpenFiles,
        layout.Welcome,
        [.. layout.Dashboards.Select(dashboard => new TutorialDashboardView(dashboard.Name, dashboard.Port, dashboard.Url))]);
}

/// <summary>A tutorial that a name led to.</summary>
public sealed record TutorialVersionView(string Hash, DateTimeOffset At);

/// <summary>A tutorial with its pages. The other members are those of the list.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="Name">A name that leads to it, now or before; null for none.</param>
/// <param name="Steps">Its pages in order: intro, steps, finish.</param>
/// <param name="Parameters">What the visitor may choose.</param>
/// <param name="Layout">How the page is laid out.</param>
/// <param name="Gated">Whether a step opens only once the one before it passed.</param>
/// <param name="Next">The tutorials that follow: paths, names or URLs.</param>
/// <param name="Versions">Where its name led, the latest first.</param>
public sealed record TutorialDetailView(
    string Hash,
    string? Name,
    string Url,
    string Title,
    string Summary,
    string? Difficulty,
    string? Time,
    string? Cover,
    string Needs,
    bool Runnable,
    string? Reason,
    bool Public,
    bool Own,
    DateTimeOffset? TestedAt,
    DateTimeOffset? PassedAt,
    IReadOnlyList<TutorialStepView> Steps,
    IReadOnlyList<TutorialParameterView> Parameters,
    TutorialLayoutView Layout,
    bool Gated,
    IReadOnlyList<string> Next,
    IReadOnlyList<TutorialVersionView> Versions);

/// <summary>Tutorials as REST and the pages show them.</summary>
internal sealed class TutorialViews(SqliteStore store, TutorialPlaces places, TutorialLibrary library)
{
    private const int Most = 1000;

    /// <summary>The public tutorials and a person's own, newest first. Old versions of a name are left out.</summary>
    public async Task<IReadOnlyList<TutorialView>> ListAsync(PersonId? visitor, CancellationToken cancellationToken)
    {
        var me = visitor?.Value ?? "";
        var (rows, names) = await store.ReadAsync(async db =>
        {
            var rows = await db.Tutorials.AsNoTracking()
                .Where(row => (row.IsPublic || row.OwnerId == me)
                    && (db.TutorialNames.Any(name => name.Hash == row.Hash) || !db.TutorialVersions.Any(version => version.Hash == row.Hash)))
                .OrderByDescending(row => row.CreatedAt).Take(Most).ToListAsync(cancellationToken);
            var hashes = rows.Select(row => row.Hash).ToList();
            return (rows, await db.TutorialNames.AsNoTracking().Where(name => hashes.Contains(name.Hash)).ToListAsync(cancellationToken));
        });
        var named = names.ToLookup(name => name.Hash, StringComparer.Ordinal);
        return
        [
            .. rows.GroupBy(row => row.Hash, StringComparer.Ordinal)
                .Select(claims => claims.FirstOrDefault(row => row.OwnerId == me) ?? claims.Last())
                .Select(row => View(row, named[row.Hash].OrderBy(name => name.MovedAt).FirstOrDefault()?.Name, me)),
        ];
    }

    /// <summary>One tutorial with its pages.</summary>
    public async Task<TutorialDetailView> DetailAsync(PersonId? visitor, TutorialRow row, CancellationToken cancellationToken)
    {
        var (name, versions) = await store.ReadAsync(async db =>
        {
            var name = await db.TutorialNames.AsNoTracking().Where(other => other.Hash == row.Hash).OrderBy(other => other.MovedAt).Select(other => other.Name).FirstOrDefaultAsync(cancellationToken)
                ?? await db.TutorialVersions.AsNoTracking().Where(version => version.Hash == row.Hash).Select(version => version.Name).FirstOrDefaultAsync(cancellationToken);
            return (name, name is null ? [] : await db.TutorialVersions.AsNoTracking().Where(version => version.Name == name).OrderByDescending(version => version.At).ToListAsync(cancellationToken));
        });
        var tutorial = (await library.OpenAsync(row.SourceHash, row.Path)).Tutorial;
        var view = View(row, name, visitor?.Value ?? "");
        return new TutorialDetailView(
            view.Hash,
            view.Name,
            view.Url,
            view.Title,
            view.Summary,
            view.Difficulty,
            view.Time,
            view.Cover,
            view.Needs,
            view.Runnable,
            view.Reason,
            view.Public,
            view.Own,
            view.TestedAt,
            view.PassedAt,
            [.. tutorial.Steps.Select((step, at) => new TutorialStepView(at + 1, step.Title, Kind(step)))],
            [.. tutorial.Parameters.Select(parameter => new TutorialParameterView(parameter.Name, parameter.Prompt, parameter.Default, parameter.Choices))],
            TutorialLayoutView.From(tutorial.Layout),
            tutorial.IsGated,
            tutorial.Next,
            [.. versions.Select(version => new TutorialVersionView(version.Hash, version.At))]);
    }

    /// <summary>The result of publishing.</summary>
    public PublishedView View(PublishedTutorials published, string? name) => new(
        [.. published.Tutorials.Select(row => new PublishedTutorialView(row.Hash, name, Url(name ?? row.Hash), row.Title, row.Summary, Reason(row) is null, Reason(row)))],
        [.. published.Problems.Select(problem => new TutorialProblemView(problem.Kind.ToString().ToLowerInvariant(), problem.File, problem.Line, problem.Field, problem.What))]);

    /// <summary>Why a tutorial cannot be run here; null when it can.</summary>
    public string? Reason(TutorialRow row) => row.Refusal ?? (row.LockHash is not null || row.Image.Length == 0 ? null : places.Find(row.Image).Reason);

    /// <summary>intro, step or finish.</summary>
    public static string Kind(Step step) => step.Kind.ToString().ToLowerInvariant();

    /// <summary>The page of an address.</summary>
    public static string Url(string address) => $"/t/{address}";

    private TutorialView View(TutorialRow row, string? name, string me) => new(
        row.Hash,
        name,
        Url(name ?? row.Hash),
        row.Title,
        row.Summary,
        row.Difficulty,
        row.Time,
        row.Cover is null ? null : TutorialPictures.Address(row.Hash, TutorialPictures.FolderOf(row.Path), row.Cover),
        row.Steps,
        places.Find(row.Image).Image ?? row.Image,
        Reason(row) is null,
        Reason(row),
        row.IsPublic,
        row.OwnerId == me,
        row.TestedAt,
        row.PassedAt);
}
