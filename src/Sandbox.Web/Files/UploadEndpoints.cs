using System.Globalization;
using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Http;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Files;

/// <summary>How far an upload is.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Offset">Bytes that are there; the next part begins here.</param>
/// <param name="Length">Bytes of the whole file. Once all are there, so is the file.</param>
internal sealed record UploadView(string Id, long Offset, long Length);

/// <summary>
/// Files that arrive in parts, so that a lost connection costs what was on its way and no more. It is tus 1.0 with
/// creation, creation-with-upload, expiration and termination; the address of a creation is that of the file to come.
/// https://tus.io/protocols/resumable-upload
/// </summary>
internal static class UploadEndpoints
{
    private const string Version = "1.0.0";
    private const string PartType = "application/offset+octet-stream";
    private const string OffsetHeader = "Upload-Offset";
    private const string LengthHeader = "Upload-Length";

    public static void MapUploads(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/sandboxes/{id}/files/{**path}", BeginAsync).WithTags("files")
            .Produces<UploadView>(201).ProducesProblems(400, 404, 409, 412, 413, 415, 503, 507)
            .WithSummary("Begin an upload").WithDescription("Begin a file that arrives in parts (tus 1.0); a body is its first part. Location says where the others go.")
            .Takes(ParameterLocation.Path, "path", FileEndpoints.Path)
            .Takes(ParameterLocation.Query, "mode", "Permission bits in octal: 0644")
            .Takes(ParameterLocation.Query, "owner", FileEndpoints.OwnerHelp)
            .Takes(ParameterLocation.Header, LengthHeader, "Bytes of the whole file")
            .TakesPart("The first part, from the beginning of the file", required: false);
        const string pattern = "/api/v1/sandboxes/{id}/uploads/{upload}";
        app.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], FindAsync).WithTags("files")
            .Produces<UploadView>().ProducesProblems(404, 409, 412, 503)
            .WithSummary("Get an upload's progress").WithDescription("How far an upload is, in Upload-Offset and Upload-Length too.");
        app.MapPatch(pattern, ContinueAsync).WithTags("files")
            .Produces(204).ProducesProblems(400, 404, 409, 412, 413, 415, 503, 507)
            .WithSummary("Send part of an upload").WithDescription("Add a part, as application/offset+octet-stream; with the last one the file is there as a whole.")
            .Takes(ParameterLocation.Header, OffsetHeader, "Where the part begins: what GET says")
            .TakesPart("The bytes from there on", required: true);
        app.MapDelete(pattern, CancelAsync).WithTags("files")
            .Produces(204).ProducesProblems(404, 409, 412, 503)
            .WithSummary("Cancel an upload").WithDescription("Cancel an upload and forget what arrived of it.");
    }

    private static RouteHandlerBuilder TakesPart(this RouteHandlerBuilder endpoint, string description, bool required) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Description = description,
                Required = required,
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { [PartType] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } } },
            };
            return Task.CompletedTask;
        });

    private static async Task BeginAsync(string id, HttpContext context, Ownership ownership, ISandboxRuntime runtime, Presence presence, WebOptions options)
    {
        var (sandbox, path, playground) = await FileEndpoints.PlaceAsync(id, context, ownership, presence);
        SpeaksTus(context);
        var most = options.Limits.FileBytes;
        var spec = new UploadSpec { Id = UploadId.New(), Path = path, Length = Number(context, LengthHeader), Mode = FileEndpoints.Mode(context.Request), Owner = FileEndpoints.Owner(context.Request) };
        if (spec.Length > most)
        {
            throw new SandboxException(ErrorCode.TooLarge, $"A file may be {most} bytes long.");
        }

        var hasPart = context.Request.ContentLength > 0 || (context.Request.ContentLength is null && context.Request.Headers.TransferEncoding.Count > 0);
        if (hasPart)
        {
            RequirePart(context);
        }

        using var here = presence.Enter(playground);
        var upload = await runtime.Files.BeginUploadAsync(sandbox, spec, context.RequestAborted);
        if (hasPart)
        {
            try
            {
                upload = await runtime.Files.ContinueUploadAsync(sandbox, upload.Id, 0, context.ReadBodyAsync(most), context.RequestAborted);
            }
            catch
            {
                // The client does not know its address yet, so nobody could continue it.
                await runtime.Files.CancelUploadAsync(sandbox, upload.Id, CancellationToken.None);
                throw;
            }
        }

        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.Location = $"/api/v1/sandboxes/{sandbox.Value}/uploads/{upload.Id.Value}";
        Tell(context, upload);
        await context.Response.WriteAsJsonAsync(View(upload), context.RequestAborted);
    }

    private static async Task FindAsync(string id, string upload, HttpContext context, Ownership ownership, ISandboxRuntime runtime, Presence presence)
    {
        var (sandbox, name, _) = await UploadAsync(id, upload, context, ownership, presence);
        var found = await runtime.Files.FindUploadAsync(sandbox, name, context.RequestAborted) ?? throw Unknown();
        Tell(context, found);
        context.Response.Headers[LengthHeader] = Text(found.Length);
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsJsonAsync(View(found), context.RequestAborted);
    }

    private static async Task ContinueAsync(string id, string upload, HttpContext context, Ownership ownership, ISandboxRuntime runtime, Presence presence, WebOptions options)
    {
        var (sandbox, name, playground) = await UploadAsync(id, upload, context, ownership, presence);
        RequirePart(context);
        var offset = Number(context, OffsetHeader);

        // A long upload is somebody being there.
        using var here = presence.Enter(playground);
        var body = context.ReadBodyAsync(options.Limits.FileBytes);
        Tell(context, await runtime.Files.ContinueUploadAsync(sandbox, name, offset, body, context.RequestAborted));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task CancelAsync(string id, string upload, HttpContext context, Ownership ownership, ISandboxRuntime runtime, Presence presence)
    {
        var (sandbox, name, _) = await UploadAsync(id, upload, context, ownership, presence);
        await runtime.Files.CancelUploadAsync(sandbox, name, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task<(SandboxId Sandbox, UploadId Upload, PlaygroundId Playground)> UploadAsync(
        string id, string upload, HttpContext context, Ownership ownership, Presence presence)
    {
        var sandbox = SandboxEndpoints.Id(id);
        var playground = await ownership.RequireAsync(context.RequirePerson(), sandbox);
        var name = UploadId.TryParse(upload, out var parsed) ? parsed : throw Unknown();
        SpeaksTus(context);
        presence.Touch(playground);
        return (sandbox, name, playground);
    }

    private static SandboxException Unknown() =>
        new(ErrorCode.NotFound, "There is no such upload: it was cancelled, or nobody continued it for an hour.");

    private static UploadView View(UploadInfo upload) => new(upload.Id.Value, upload.Offset, upload.Length);

    private static void Tell(HttpContext context, UploadInfo upload)
    {
        context.Response.Headers[OffsetHeader] = Text(upload.Offset);
        if (upload.Offset < upload.Length)
        {
            context.Response.Headers["Upload-Expires"] = (DateTimeOffset.UtcNow + UploadSpec.Patience).ToString("R", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A request that names a version must name ours; one without a library names none.</summary>
    private static void SpeaksTus(HttpContext context)
    {
        context.Response.Headers["Tus-Resumable"] = Version;
        if (context.Request.Headers.TryGetValue("Tus-Resumable", out var version) && version != Version)
        {
            throw new BadHttpRequestException($"This is tus {Version}, see the header Tus-Resumable.", StatusCodes.Status412PreconditionFailed);
        }
    }

    private static void RequirePart(HttpContext context)
    {
        if (!string.Equals(context.Request.ContentType, PartType, StringComparison.OrdinalIgnoreCase))
        {
            throw new BadHttpRequestException($"Send the part as {PartType}.", StatusCodes.Status415UnsupportedMediaType);
        }
    }

    private static long Number(HttpContext context, string header) =>
        long.TryParse(context.Request.Headers[header].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new SandboxException(ErrorCode.Invalid, $"{header}: a number of bytes");

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
