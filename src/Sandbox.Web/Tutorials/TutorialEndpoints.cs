using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Tutorials.Folders;
using Sandbox.Tutorials.Sources;
using Sandbox.Web.Http;
using Sandbox.Web.People;

namespace Sandbox.Web.Tutorials;

internal static class TutorialEndpoints
{
    private const long MaxZip = 20L * 1024 * 1024;

    public static void MapTutorials(this WebApplication app)
    {
        var group = app.MapGroup("/api/v1/tutorials").WithTags("tutorials");
        group.MapGet("", async (HttpContext context, TutorialViews views) => new TutorialListView(await views.ListAsync(context.User.Person(), context.RequestAborted)))
            .Produces<TutorialListView>().ProducesProblems(429).WithSummary("The public tutorials, and yours");
        group.MapPost("", PublishAsync)
            .Produces<PublishedView>(201).ProducesProblems(400, 403, 409, 413, 415, 429, 507)
            .Takes(ParameterLocation.Query, "name", "A name that leads to it, for a zip with one tutorial. A name of yours moves, and its old versions stay")
            .Takes(ParameterLocation.Query, "access", "unlisted (the default), or public, which only operators may")
            .Takes(ParameterLocation.Query, "live", "1: runs that were begun by the name go on with this version, as while its author edits it")
            .WithSummary("Publish the tutorials of a zip")
            .WithDescription("Our own format, Katacoda's and Killercoda's, Play with Docker's, labspaces, Educates' and Grafana's. Equal files have the same hash, on every server. A tutorial with mistakes is published to be read; problems say what is wrong by file and line.")
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.RequestBody = new OpenApiRequestBody
                {
                    Description = "At most 20 MiB",
                    Required = true,
                    Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { ["application/zip"] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } } },
                };
                return Task.CompletedTask;
            });
        group.MapGet("/{address}", async (string address, HttpContext context, TutorialLibrary library, TutorialViews views) =>
            {
                var person = context.User.Person();
                return await views.DetailAsync(person, await library.FindAsync(person, address), context.RequestAborted);
            })
            .Produces<TutorialDetailView>().ProducesProblems(404).WithSummary("Get a tutorial").WithDescription("A tutorial by its hash, its name, or name@hash.");
        group.MapDelete("/{address}", async (string address, HttpContext context, TutorialPublishing publishing) =>
            {
                await publishing.DeleteAsync(context.RequirePerson(), address);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithSummary("Delete a tutorial").WithDescription("Delete a tutorial by its hash, or give a name back.");
        app.MapGet("/t/{address}/files/{**path}", FileAsync).WithPagePolicy(PagePolicy.Picture).ExcludeFromDescription();
        app.MapGet("/schemas/tutorial.json", (HttpResponse response) =>
        {
            response.Headers.AccessControlAllowOrigin = "*";
            response.Headers.CacheControl = "public, max-age=3600";
            return Results.Content(NewTutorial.Schema, "application/schema+json");
        }).ExcludeFromDescription();
    }

    private static async Task<IResult> PublishAsync(HttpContext context, Guests guests, AddressRates rates, TutorialPublishing publishing, TutorialViews views)
    {
        var type = context.Request.ContentType?.Split(';')[0].Trim();
        if (type is not ("application/zip" or "application/x-zip-compressed" or "application/octet-stream"))
        {
            throw new BadHttpRequestException("Send the tutorial's folder as application/zip.", StatusCodes.Status415UnsupportedMediaType);
        }

        var query = context.Request.Query;
        var name = query.TryGetValue("name", out var named) && named.ToString() is { Length: > 0 } given ? given : null;
        var isPublic = query["access"].ToString() switch
        {
            "" or "unlisted" => false,
            "public" => true,
            _ => throw new SandboxException(ErrorCode.Invalid, "access: unlisted or public"),
        };
        if (isPublic && !context.User.IsInRole(CallerClaims.OperatorRole))
        {
            await context.WriteProblemAsync(403, "forbidden", "Everybody's list is the operator's. Publish it unlisted: anyone with the address can open it.");
            return Results.Empty;
        }

        var isLive = query["live"].ToString() switch
        {
            "" or "0" => false,
            "1" when name is not null => true,
            _ => throw new SandboxException(ErrorCode.Invalid, "live: 1, with a name"),
        };
        if (name is not null)
        {
            TutorialNames.Check(name);
        }

        if (!await rates.AllowsLaunchAsync(context))
        {
            return Results.Empty;
        }

        var person = guests.Ensure(context);
        if (!await guests.IsKnownAsync(person) && !await rates.AllowsGuestAsync(context))
        {
            return Results.Empty;
        }

        var body = new MemoryStream();
        await foreach (var bytes in context.ReadBodyAsync(MaxZip))
        {
            body.Write(bytes.Span);
        }

        body.Position = 0;
        using var source = ZipSource.Open(body, "The zip");
        var published = await publishing.PublishAsync(person, source, new PublishOrder(name, isPublic, IsLive: isLive), context.RequestAborted);
        return Results.Created($"/api/v1/tutorials/{published.Tutorials[0].Hash}", views.View(published, name));
    }

    private static async Task<IResult> FileAsync(string address, string path, HttpContext context, TutorialLibrary library, TutorialSources sources)
    {
        if (TutorialPictures.TypeOf(path) is not { } type)
        {
            return Results.NotFound();
        }

        var row = await library.FindAsync(context.User.Person(), address);
        using var source = sources.Open(row.SourceHash);
        var bytes = source.Read(path) is { Length: <= TutorialPictures.MaxBytes } found ? found : null;
        bytes = bytes is not null && type == "image/svg+xml" ? TutorialPictures.Clean(bytes) : bytes;
        if (bytes is null)
        {
            return Results.NotFound();
        }

        // The content of a hash never changes; a name moves.
        context.Response.Headers.CacheControl = address.Length == 64 ? "public, max-age=86400, immutable" : "public, max-age=60";
        return Results.Bytes(bytes, type);
    }
}
