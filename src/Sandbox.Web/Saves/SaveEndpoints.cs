using System.Collections.Immutable;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Snapshots;
using Sandbox.Web.Http;
using Sandbox.Web.Latency;
using Sandbox.Web.Links;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;

namespace Sandbox.Web.Saves;

/// <summary>How to share the state of a playground. Everything may be left out.</summary>
/// <param name="Title">For people.</param>
/// <param name="Name">An alias to lead to it.</param>
/// <param name="Text">Markdown of the alias's page, as the commands that were typed; only together with a name.</param>
/// <param name="Access">anyone (the default) or private.</param>
/// <param name="ExcludePaths">Absolute paths that are left out, with all below them.</param>
/// <param name="ExcludeVariables">Variables that are left out.</param>
/// <param name="Budget">How often it may be started.</param>
internal sealed record ShareState(
    string? Title = null,
    string? Name = null,
    string? Text = null,
    string? Access = null,
    IReadOnlyList<string>? ExcludePaths = null,
    IReadOnlyList<string>? ExcludeVariables = null,
    LinkBudgetChange? Budget = null);

/// <summary>A path that a save would hold.</summary>
/// <param name="Path">The path.</param>
/// <param name="Kind">added, changed or deleted.</param>
/// <param name="Size">Bytes of a file.</param>
internal sealed record ChangedFileView(string Path, string Kind, long Size);

/// <summary>A place that looks like a secret.</summary>
/// <param name="Path">The file.</param>
/// <param name="Line">The line, from 1; null when the name says it.</param>
/// <param name="Rule">What it looks like: github-token.</param>
internal sealed record FoundSecretView(string Path, int? Line, string Rule);

/// <summary>A file that a save cannot hold.</summary>
internal sealed record SkippedFileView(string Path, string Reason);

/// <summary>A port that the page offers to open.</summary>
internal sealed record PortView(int Port, string? Name);

/// <summary>The contents of a save of one sandbox, if it were made now. Lists end at 1,000 entries; counts do not.</summary>
internal sealed record SandboxChangesView(
    string Id,
    string Name,
    long Added,
    long Changed,
    long Deleted,
    long Bytes,
    IReadOnlyList<ChangedFileView> Changes,
    IReadOnlyDictionary<string, string> Env,
    IReadOnlyList<FoundSecretView> Secrets,
    bool SearchComplete,
    IReadOnlyList<SkippedFileView> Skipped,
    IReadOnlyList<PortView> Ports);

/// <summary>Lines to look for secrets in.</summary>
internal sealed record SearchSecrets(IReadOnlyList<string>? Lines);

/// <summary>A line that looks like a secret.</summary>
/// <param name="Index">Its place among the lines, from 0.</param>
/// <param name="Rule">What it looks like: github-token.</param>
internal sealed record SecretLineView(int Index, string Rule);

internal static class SaveEndpoints
{
    private const long MostJson = 1024 * 1024;

    public static void MapSaves(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/playgrounds/{id}").WithTags("links");
        group.MapGet("changes", ChangesAsync)
            .Produces<IReadOnlyList<SandboxChangesView>>().ProducesProblems(404, 409, 429, 503)
            .WithSummary("Preview a save").WithDescription("What a link of its present state would hold, and what in it looks like a secret.");
        app.MapPost("/api/v1/secrets", SearchAsync).WithTags("links")
            .Accepts<SearchSecrets>("application/json").Produces<IReadOnlyList<SecretLineView>>().ProducesProblems(400, 413, 415, 429)
            .WithSummary("Find secrets in lines").WithDescription("Which of these lines look like secrets.");
        group.MapPost("links", ShareAsync)
            .Accepts<ShareState>("application/json", "*/*")
            .Produces<LinkView>(201).ProducesProblems(400, 404, 409, 413, 415, 429, 503, 507)
            .WithSummary("Save a playground")
            .WithDescription("The file system of each sandbox becomes an image: only what changed is copied, and the same state has the same hash. The playground goes on. Values of secret parameters are never kept.");
        group.MapPost("fork", ForkAsync)
            .Produces<PlaygroundView>(201).Produces<PlaygroundView>(202).ProducesProblems(404, 409, 413, 429, 503, 507)
            .WithSummary("Copy a playground").WithDescription("Start a second playground from its present state.");
    }

    /// <summary>Looks for secrets in lines that somebody is about to share. Nothing of them is kept.</summary>
    private static async Task<IReadOnlyList<SecretLineView>> SearchAsync(HttpContext context, SavePace pace)
    {
        pace.Check(context.RequirePerson());
        var lines = (await context.ReadJsonAsync<SearchSecrets>(MostJson)).Lines ?? [];
        return
        [
            .. lines.Select((line, index) => (Rule: SecretRules.Search($"{line}\n").Select(found => found.Rule).FirstOrDefault(), Index: index))
                .Where(found => found.Rule is not null).Select(found => new SecretLineView(found.Index, found.Rule!)),
        ];
    }

    private static async Task<IReadOnlyList<SandboxChangesView>> ChangesAsync(string id, HttpContext context, PlaygroundSaves saves, SavePace pace)
    {
        var person = context.RequirePerson();
        pace.Check(person);
        return
        [
            .. (await saves.InspectAsync(person, PlaygroundEndpoints.Id(id), context.RequestAborted)).Select(all => new SandboxChangesView(
                all.Sandbox.Id,
                all.Sandbox.Name,
                all.Contents.Added,
                all.Contents.Changed,
                all.Contents.Deleted,
                all.Contents.Bytes,
                [.. all.Contents.Changes.Select(change => new ChangedFileView(change.Path.ToString(), Text(change.Kind), change.Size))],
                all.Contents.Env,
                [.. all.Contents.Secrets.Select(secret => new FoundSecretView(secret.Path.ToString(), secret.Line, secret.Rule))],
                all.Contents.IsSearchComplete,
                [.. all.Contents.Skipped.Select(skipped => new SkippedFileView(skipped.Path.ToString(), Text(skipped.Reason)))],
                [.. all.Ports.Select(port => new PortView(port.Port, port.Name))])),
        ];
    }

    private static async Task<IResult> ShareAsync(string id, HttpContext context, PlaygroundSaves saves, SavePace pace, Aliases aliases, LinkEntrance entrance, LinkList list)
    {
        var person = context.RequirePerson();
        var request = context.Request.ContentLength is null or 0 && context.Request.ContentType is null ? new ShareState() : await context.ReadJsonAsync<ShareState>(MostJson);
        var mistakes = new List<string>();
        if (request.Title is { } title)
        {
            OwnedLinks.CheckTitle(title, mistakes);
        }

        if (request.Name is not null && !LinkAddress.IsAlias(request.Name))
        {
            mistakes.Add($"name: 3 to {LinkAddress.MaxAliasLength} lower-case letters, digits and dashes, a letter or digit at both ends");
        }

        if (request.Text is { Length: > Aliases.MaxTextLength } || (request.Text is not null && request.Name is null))
        {
            mistakes.Add($"text: at most {Aliases.MaxTextLength} characters, and only together with a name");
        }

        var paths = ImmutableArray.CreateBuilder<SandboxPath>();
        foreach (var text in request.ExcludePaths ?? [])
        {
            if (SandboxPath.TryParse(text, out var path))
            {
                paths.Add(path);
            }
            else
            {
                mistakes.Add("excludePaths: absolute paths without ..");
                break;
            }
        }

        var spec = new SnapshotSpec { ExcludedPaths = paths.ToImmutable(), ExcludedVariables = request.ExcludeVariables ?? [] };
        mistakes.AddRange(SnapshotRules.Validate(spec));
        OwnedLinks.CheckBudget(request.Budget, mistakes);
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        var access = LinkEndpoints.Access(request.Access) ?? LinkAccess.Anyone;
        pace.Check(person);
        var hash = await saves.SaveAsync(person, PlaygroundEndpoints.Id(id), new SaveOrder(request.Title, access, IsAutomatic: false) { Spec = spec, Budget = request.Budget }, context.RequestAborted);
        if (request.Name is not null)
        {
            await aliases.SetAsync(person, request.Name, hash, request.Text);
        }

        var view = await list.ViewAsync(await entrance.FindAsync(person, new LinkAddress(null, hash)), context.RequestAborted);
        return Results.Created($"/api/v1/links/{hash}", view);
    }

    private static async Task<IResult> ForkAsync(string id, HttpContext context, PlaygroundSaves saves, SavePace pace, AddressRates rates, LinkEntrance entrance, OwnedPlaygrounds playgrounds)
    {
        var person = context.RequirePerson();
        pace.Check(person);
        if (!await rates.AllowsLaunchAsync(context))
        {
            return Results.Empty;
        }

        var trace = new LaunchTrace();
        var hash = await saves.SaveAsync(person, PlaygroundEndpoints.Id(id), new SaveOrder(null, LinkAccess.Private, IsAutomatic: true), context.RequestAborted);
        trace.Mark("save");
        var link = await entrance.FindAsync(person, new LinkAddress(null, hash));
        var view = await playgrounds.LaunchAsync(person, link, null, new LaunchManner(MayWait: true), null, trace, context.RequestAborted);
        context.Response.Headers["Server-Timing"] = trace.ToString();
        return view.State is "queued" or "starting" ? Results.Accepted(view.Urls.Api, view) : Results.Created(view.Urls.Api, view);
    }

    private static string Text(ChangeKind kind) => kind switch
    {
        ChangeKind.Added => "added",
        ChangeKind.Changed => "changed",
        _ => "deleted",
    };

    private static string Text(SkipReason reason) => reason switch
    {
        SkipReason.Socket => "a socket",
        SkipReason.Device => "a device",
        _ => "its name begins with .wh., which means \"deleted\" in an image",
    };
}
