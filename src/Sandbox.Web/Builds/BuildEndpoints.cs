using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Core.Networks;
using Sandbox.Web.Errands;
using Sandbox.Web.Http;
using Sandbox.Web.People;

namespace Sandbox.Web.Builds;

internal static class BuildEndpoints
{
    private const int MostProblems = 50;

    public static void MapBuilds(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/images/build", BuildAsync).WithTags("images")
            .Accepts<byte[]>("application/x-tar", "application/gzip", "application/octet-stream", "text/plain")
            .Produces<BuildEvent>(200, BuildStream.Lines, BuildStream.Events)
            .ProducesProblems(400, 409, 413, 429, 503, 504, 507)
            .Takes(ParameterLocation.Query, "name", "The image's name in your list; t is the same. Left out, one is made up. An image that has the name is replaced.")
            .Takes(ParameterLocation.Query, "dockerfile", "The Dockerfile's path in the context; left out, Dockerfile or Containerfile")
            .Takes(ParameterLocation.Query, "target", "The stage to build; left out, the last one")
            .Takes(ParameterLocation.Query, "arg", "NAME=value for an ARG; may stand several times")
            .Takes(ParameterLocation.Query, "buildargs", "The same as one JSON object, as in Docker's API")
            .Takes(ParameterLocation.Query, "nocache", "1 runs every instruction again, and keeps no layers")
            .WithSummary("Build an image of a Dockerfile")
            .WithDescription(
                """
                The body is the context as a tar, which may be compressed; as text/plain it is a Dockerfile alone. Buildah runs in a sandbox of yours, within your plan and your network, which ends with the build.
                FROM takes the images of the catalog and your own by their names; others are fetched from their registries if your sandboxes reach these.
                The answer is a stream of events, one JSON object a line (application/x-ndjson), or server-sent events if you accept text/event-stream. The last one has the type image, with the image, or error.
                The layers are kept on a volume of yours, build.layers, for the next build: its events of layers say cached. Two builds at once share nothing.
                Mistakes in the Dockerfile are a problem with file, line and problems. Closing the connection, or DELETE with the id of the first event, cancels the build and keeps nothing.
                """);
        app.MapDelete("/api/v1/images/layers", async (HttpContext context, LayerCache layers, CancellationToken cancellationToken) =>
            {
                await layers.ClearAsync(context.RequirePerson(), cancellationToken);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(409).WithTags("images").WithSummary("Clear the cache of layers").WithDescription("The next build runs every instruction. 409: a build uses them.");
        app.MapDelete("/api/v1/images/build/{id}", async (string id, HttpContext context, ImageBuilds builds) =>
            {
                await builds.CancelAsync(context.RequirePerson(), id);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithTags("images").WithSummary("Cancel a build");
    }

    private static async Task BuildAsync(HttpContext context, ImageBuilds builds, WebOptions options)
    {
        var order = BuildOrder.Read(context.Request.Query);
        if (await ErrandCallers.AdmitAsync(context) is not { } person)
        {
            return;
        }

        var isTar = context.Request.ContentType?.StartsWith("text/", StringComparison.OrdinalIgnoreCase) != true;
        var body = context.ReadBodyAsync(isTar ? options.Builds.ContextBytes : ImageBuilds.MaxDockerfile);
        await using var build = await builds.PrepareAsync(person, order, isTar ? new BuildContext.Archive(body) : new BuildContext.Dockerfile(body), NetworkPolicy.Open, context.RequestAborted);
        if (build.File is null)
        {
            await RefuseAsync(context, build);
            return;
        }

        await build.RunAsync(new BuildStream(context).WriteAsync);
    }

    private static Task RefuseAsync(HttpContext context, ImageBuild build)
    {
        var mistakes = build.Mistakes.Take(MostProblems).ToList();
        return context.WriteProblemAsync(
            ErrorCodes.Status(ErrorCode.Invalid),
            ErrorCodes.Text(ErrorCode.Invalid),
            build.Refusal().Message,
            new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["file"] = build.Path,
                ["line"] = mistakes[0].Line,
                ["problems"] = mistakes.Select(problem => new { problem.Line, problem.What }),
            });
    }
}
