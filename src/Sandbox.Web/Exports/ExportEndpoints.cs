using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Web.Catalog;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Saves;

namespace Sandbox.Web.Exports;

/// <summary>Takes the state of a playground home. Any program in it may have written the files, so browsers store them and show none.</summary>
internal static class ExportEndpoints
{
    private const string Tar = "application/x-tar";

    public static void MapExports(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/api/v1/playgrounds/{id}/export", [HttpMethods.Get, HttpMethods.Head], ExportAsync).WithPagePolicy(PagePolicy.Download).WithTags("playgrounds")
            .ProducesProblems(400, 404, 409, 413, 429, 503, 507)
            .WithSummary("Export a playground")
            .WithDescription("tar: new and changed files. dockerfile: a Dockerfile with those files, for docker build - ; base: the image that it is built on, for docker load. image: the whole image, for docker load. run: the commands that load and run it with the same limits.")
            .Takes(ParameterLocation.Query, "as", "tar, dockerfile, base, image or run")
            .Takes(ParameterLocation.Query, "node", "The name of one of its sandboxes; left out, the first one")
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.Responses!["200"] = new OpenApiResponse
                {
                    Description = "The archive; with as=run a shell script",
                    Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                    {
                        [Tar] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } },
                        ["text/plain"] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String } },
                    },
                };
                return Task.CompletedTask;
            });
    }

    private static async Task ExportAsync(string id, HttpContext context, PlaygroundExports exports, ExportPlaces places, SavePace pace, ImageUse use)
    {
        var person = context.RequirePerson();
        var form = context.Request.Query["as"].ToString();
        var (type, file) = form switch
        {
            "tar" => (Tar, "changes.tar"),
            "dockerfile" => (Tar, "build.tar"),
            "base" => (Tar, "base.tar"),
            "image" => (Tar, "playground.tar"),
            "run" => ("text/plain; charset=utf-8", "run.sh"),
            _ => throw new SandboxException(ErrorCode.Invalid, "as: tar, dockerfile, base, image or run"),
        };
        var node = context.Request.Query.TryGetValue("node", out var named) ? named.ToString() : null;
        var sandbox = await exports.FindAsync(person, PlaygroundEndpoints.Id(id), node, context.RequestAborted);
        if (HttpMethods.IsHead(context.Request.Method))
        {
            Describe(context.Response, type, file);
            return;
        }

        using var place = places.Enter(person, context);
        pace.Check(person);
        try
        {
            // Nothing holds the image of a snapshot before it is read.
            using var storing = await use.StoringAsync(context.RequestAborted);
            var taken = await exports.TakeAsync(sandbox, context.RequestAborted);
            var content = form switch
            {
                "tar" => await exports.ChangesAsync(taken, context.RequestAborted),
                "dockerfile" => await exports.BuildContextAsync(sandbox, taken, context.RequestAborted),
                "base" => exports.Base(sandbox, taken, context.RequestAborted),
                "image" => exports.Image(taken, context.RequestAborted),
                _ => AsyncEnumerable.Repeat<ReadOnlyMemory<byte>>(System.Text.Encoding.UTF8.GetBytes(PlaygroundExports.Commands(sandbox, taken)), 1),
            };
            await SendAsync(context, content, type, file, storing);
        }
        finally
        {
            if (sandbox.Running is not null)
            {
                _ = use.TryCollectAsync(); // the snapshot was made for this download alone
            }
        }
    }

    private static async Task SendAsync(HttpContext context, IAsyncEnumerable<ReadOnlyMemory<byte>> content, string type, string file, IDisposable storing)
    {
        await using var pieces = content.GetAsyncEnumerator(context.RequestAborted);

        // The first piece comes before the headers go out, so that a fault can still become a problem.
        var more = await pieces.MoveNextAsync();
        storing.Dispose();
        Describe(context.Response, type, file);
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        for (; more; more = await pieces.MoveNextAsync())
        {
            await context.Response.BodyWriter.WriteAsync(pieces.Current, context.RequestAborted);
        }
    }

    private static void Describe(HttpResponse response, string type, string file)
    {
        response.ContentType = type;
        response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = file }.ToString();
    }
}
