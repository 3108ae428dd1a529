using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Web.Http;
using Sandbox.Web.People;

namespace Sandbox.Web.Recordings;

/// <summary>What to record.</summary>
/// <param name="Name">Null is the title of the image.</param>
/// <param name="Cols">The terminal's size now; used only while no viewer has reported it.</param>
/// <param name="Rows">The terminal's size now.</param>
/// <param name="Screen">The recording's first output, for what the terminal shows now; at most 128 KiB.</param>
internal sealed record StartRequest(string? Name = null, int Cols = 80, int Rows = 24, string? Screen = null);

internal sealed record RenameRequest(string Name);

/// <summary>
/// Recordings over REST. Programs in the sandbox decide their content, so a browser that is led to one
/// must neither render it nor run it here: an attachment in an opaque origin.
/// </summary>
internal static class RecordingEndpoints
{
    private const long MostBody = 16 * 1024;
    private const int MostScreen = 128 * 1024;

    // Each control character of a screen is six letters in JSON.
    private const long MostStart = MostBody + (6 * MostScreen);
    private const int MostAtOnce = 64 * 1024;

    public static void MapRecordings(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/terminals/{terminalId}/recordings", async (string terminalId, HttpContext context, OwnedRecordings recordings) =>
            {
                var request = await ReadAsync(context);
                if (request.Screen is { } screen && Encoding.UTF8.GetByteCount(screen) > MostScreen)
                {
                    throw new SandboxException(ErrorCode.Invalid, "screen: at most 128 KiB");
                }

                var view = await recordings.StartAsync(context.RequirePerson(), terminalId, request, context.RequestAborted);
                return Results.Created(view.Urls.Api, view);
            })
            .WithTags("recordings")
            .AddOpenApiOperationTransformer(async (operation, api, cancellationToken) => operation.RequestBody = new OpenApiRequestBody
            {
                Description = "Without one it is called by the title of its image",
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                {
                    ["application/json"] = new() { Schema = await api.GetOrCreateSchemaAsync(typeof(StartRequest), null, cancellationToken) },
                },
            })
            .Produces<RecordingView>(201).ProducesProblems(400, 404, 409, 413, 415, 503, 507)
            .WithSummary("Record a terminal")
            .WithDescription("Output, sizes and the commands that a shell marks, by their lines as far as these were shown; never what is typed. What was printed before is in it only as far as `screen` has it. Every viewer of the terminal sees that it is recorded. It ends with the terminal, when it is stopped, or at a limit.");

        var group = app.MapGroup("/api/v1/recordings").WithTags("recordings");
        group.MapGet("", (HttpContext context, OwnedRecordings recordings) => recordings.ListAsync(context.RequirePerson(), context.RequestAborted))
            .Produces<IReadOnlyList<RecordingView>>().WithSummary("Your recordings, newest first");
        group.MapGet("/{id}", (string id, HttpContext context, OwnedRecordings recordings) => recordings.FindAsync(context.RequirePerson(), Id(id)))
            .Produces<RecordingView>().ProducesProblems(404).WithSummary("One of your recordings");
        group.MapPost("/{id}/stop", (string id, HttpContext context, OwnedRecordings recordings) => recordings.StopAsync(context.RequirePerson(), Id(id)))
            .Produces<RecordingView>().ProducesProblems(404).WithSummary("Stop a recording").WithDescription("Stop it; one that is over stays as it is.");
        group.MapPatch("/{id}", async (string id, HttpContext context, OwnedRecordings recordings) =>
                await recordings.RenameAsync(context.RequirePerson(), Id(id), (await context.ReadJsonAsync<RenameRequest>(MostBody)).Name))
            .Accepts<RenameRequest>("application/json").Produces<RecordingView>().ProducesProblems(400, 404, 413, 415).WithSummary("Rename it");
        group.MapDelete("/{id}", async (string id, HttpContext context, OwnedRecordings recordings) =>
            {
                await recordings.DeleteAsync(context.RequirePerson(), Id(id));
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithSummary("Delete it, at once");
        group.MapGet("/{id}/cast", CastAsync).WithPagePolicy(PagePolicy.Download).ProducesProblems(404, 429).WithSummary("Download a recording").WithDescription("The recording as asciicast v2; while it goes on, what there is so far.").Sends("application/x-asciicast");
        group.MapGet("/{id}/transcript", TranscriptAsync).WithPagePolicy(PagePolicy.Download).ProducesProblems(404, 429).WithSummary("What was printed, as plain text").Sends("text/plain");
    }

    /// <summary>Reads an optional body. An endpoint that declares a content type refuses requests without one.</summary>
    private static async Task<StartRequest> ReadAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return new StartRequest();
        }

        return context.Request.HasJsonContentType()
            ? await context.ReadJsonAsync<StartRequest>(MostStart)
            : throw new BadHttpRequestException("Send the body as application/json.", StatusCodes.Status415UnsupportedMediaType);
    }

    private static RouteHandlerBuilder Sends(this RouteHandlerBuilder endpoint, string type) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Responses!["200"] = new OpenApiResponse
            {
                Description = "OK",
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { [type] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String } } },
            };
            return Task.CompletedTask;
        });

    /// <summary>What is no id names nothing.</summary>
    private static RecordingId Id(string text) => RecordingId.TryParse(text, out var id) ? id : throw OwnedRecordings.Unknown();

    private static async Task CastAsync(string id, HttpContext context, OwnedRecordings recordings, RecordingReaders readers)
    {
        var person = context.RequirePerson();
        using var place = readers.Enter(person);
        var (view, file, length) = await recordings.OpenAsync(person, Id(id));
        await using (file)
        {
            Attach(context, "application/x-asciicast", view.Name + ".cast");
            context.Response.ContentLength = length;
            var block = ArrayPool<byte>.Shared.Rent(MostAtOnce);
            try
            {
                for (int read; length > 0 && (read = await file.ReadAsync(block.AsMemory(0, (int)Math.Min(block.Length, length)), context.RequestAborted)) > 0; length -= read)
                {
                    await context.Response.BodyWriter.WriteAsync(block.AsMemory(0, read), context.RequestAborted);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(block);
            }
        }
    }

    private static async Task TranscriptAsync(string id, HttpContext context, OwnedRecordings recordings, RecordingReaders readers)
    {
        var person = context.RequirePerson();
        using var place = readers.Enter(person);
        var (view, file, _) = await recordings.OpenAsync(person, Id(id));
        await using (file)
        {
            Attach(context, "text/plain; charset=utf-8", view.Name + ".txt");
            await Transcript.WriteAsync(file, context.Response.BodyWriter, context.RequestAborted);
        }
    }

    private static void Attach(HttpContext context, string type, string name)
    {
        var response = context.Response;
        response.ContentType = type;
        response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileNameStar = name.Replace('/', '-') }.ToString();
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }
}
