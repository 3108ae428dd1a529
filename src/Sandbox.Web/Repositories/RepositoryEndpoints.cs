using Sandbox.Core.Errors;
using Sandbox.Recipes.Addresses;
using Sandbox.Web.Errands;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Repositories;

/// <summary>A repository to read for a private link: the address of a page, or its parts.</summary>
/// <param name="Address">A path with its query: <c>/git/github.com/owner/repository@main</c>, a Binder address, <c>/?stack=…</c>, or <c>/k/…</c> for tutorials.</param>
/// <param name="Repository">An https URL, in place of an address.</param>
/// <param name="Ref">A branch, a tag or a commit.</param>
/// <param name="Path">The folder in which the visitor starts.</param>
internal sealed record NewReading(string? Address = null, string? Repository = null, string? Ref = null, string? Path = null);

internal static class RepositoryEndpoints
{
    private const long MostJson = 16 * 1024;

    public static void MapRepositories(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/readings").WithTags("links");
        group.MapPost("", BeginAsync)
            .Accepts<NewReading>("application/json").Produces<ReadingView>(202).ProducesProblems(400, 413, 429)
            .WithSummary("Read a git repository")
            .WithDescription("Git runs in a sandbox of yours, within your plan, which ends as soon as the repository was read. Ask for the reading until its state is done or failed.");
        group.MapGet("/{id}", (string id, HttpContext context, Readings readings) => ReadingView.Of(Find(context, readings, id)))
            .Produces<ReadingView>().ProducesProblems(404).WithSummary("Get a reading's progress").WithDescription("How far the reading of a repository is; for ten minutes after its end.");
        group.MapDelete("/{id}", async (string id, HttpContext context, Readings readings) =>
            {
                await Find(context, readings, id).CancelAsync();
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithSummary("Stop reading a repository");
    }

    /// <summary>Checks the parts of an address. Code: Invalid.</summary>
    public static RepositoryAddress Address(WebOptions options, string repository, string? @ref, string? path) =>
        RepositoryAddress.TryCreate(repository, @ref, path, options.Repositories.Hosts, out var address, out var mistake) ? address : throw new SandboxException(ErrorCode.Invalid, mistake);

    private static async Task<IResult> BeginAsync(HttpContext context, RepositoryLinks links, RepositoryTutorials tutorials, WebOptions options)
    {
        var request = await context.ReadJsonAsync<NewReading>(MostJson);
        var address = request switch
        {
            { Address: { } target, Repository: null, Ref: null, Path: null } =>
                RepositoryAddress.TryParse(target, options.Repositories.Hosts, out var parsed, out var mistake) ? parsed : throw new SandboxException(ErrorCode.Invalid, mistake),
            { Address: null, Repository: { } repository } => Address(options, repository, request.Ref, request.Path),
            _ => throw new SandboxException(ErrorCode.Invalid, "Send an address, or a repository with its ref and path."),
        };
        if (await ErrandCallers.AdmitAsync(context) is not { } person)
        {
            return Results.Empty;
        }

        var reading = request.Address?.StartsWith("/k/", StringComparison.Ordinal) == true ? tutorials.Begin(person, address) : links.Begin(person, address, new RepositoryLinkOrder(null, LinkAccess.Private, null, null));
        return Results.Accepted($"/api/v1/readings/{reading.Id}", ReadingView.Of(reading));
    }

    private static Reading Find(HttpContext context, Readings readings, string id) =>
        readings.Find(context.RequirePerson(), id) ?? throw new SandboxException(ErrorCode.NotFound, "You have no such reading.");
}
