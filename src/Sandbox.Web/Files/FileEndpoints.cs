using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Http;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Files;

/// <summary>One entry of a directory.</summary>
/// <param name="Name">Its name; what is not UTF-8 shows replacement characters.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Mode">Permission bits in octal, <c>0644</c>.</param>
/// <param name="Type">file, directory, symlink or other.</param>
/// <param name="Modified">When its content changed last.</param>
/// <param name="NameBytes">The name's bytes in base64, when it is not UTF-8.</param>
internal sealed record FileView(
    string Name,
    long Size,
    string Mode,
    string Type,
    DateTimeOffset Modified,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NameBytes)
{
    public static FileView From(FileEntry entry)
    {
        var (name, bytes) = ByteText.Of(entry.Name.Span);
        return new FileView(
            name,
            entry.Size,
            Convert.ToString(entry.Mode & 0xFFF, 8).PadLeft(4, '0'),
            entry.Kind switch
            {
                FileKind.File => "file",
                FileKind.Directory => "directory",
                FileKind.Symlink => "symlink",
                _ => "other",
            },
            entry.Modified,
            bytes);
    }
}

/// <summary>
/// The files of a sandbox. Any program in it may have written them, so a browser must neither render nor run them on
/// this origin: they are attachments without a type, in an opaque origin.
/// </summary>
internal static class FileEndpoints
{
    internal const string Path = "From the root of the sandbox, percent-encoded; its slashes may stay";

    public static void MapFiles(this IEndpointRouteBuilder app)
    {
        const string pattern = "/api/v1/sandboxes/{id}/files/{**path}";
        app.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], GetAsync).WithPagePolicy(PagePolicy.Download).WithTags("files").ProducesProblems(400, 404, 409, 429, 503)
            .WithSummary("Read a file or directory").WithDescription("A file's bytes with an ETag, all or a Range of them, a directory's listing, or with ?archive=tar either one as a tar; HEAD says how long.")
            .Takes(ParameterLocation.Header, "Range", "bytes=0-499, one range of a file")
            .Takes(ParameterLocation.Path, "path", Path)
            .Takes(ParameterLocation.Query, "archive", "tar")
            .AddOpenApiOperationTransformer(async (operation, context, cancellationToken) => operation.Responses!["200"] = new OpenApiResponse
            {
                Description = "The file; a directory's listing as JSON; either one as a tar",
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                {
                    ["application/octet-stream"] = new() { Schema = Bytes() },
                    ["application/json"] = new() { Schema = await context.GetOrCreateSchemaAsync(typeof(IReadOnlyList<FileView>), null, cancellationToken) },
                    ["application/x-tar"] = new() { Schema = Bytes() },
                },
            });
        app.MapPut(pattern, PutAsync).WithTags("files").Produces(204).ProducesProblems(400, 404, 409, 412, 413, 503, 507)
            .WithSummary("Write a file or directory").WithDescription("Write a file as a whole, or with ?type=directory make a directory; parents are made, ?mode=0755 sets a file's permissions.")
            .Takes(ParameterLocation.Header, "If-Match", "The ETag of the file that is to be replaced; 412 if it has changed")
            .Takes(ParameterLocation.Header, "If-None-Match", "*: only if no file is there yet; else 412")
            .Takes(ParameterLocation.Path, "path", Path)
            .Takes(ParameterLocation.Query, "mode", "Permission bits in octal: 0644")
            .Takes(ParameterLocation.Query, "owner", OwnerHelp)
            .Takes(ParameterLocation.Query, "type", "directory: make one, with an empty body; one that is there stays as it is")
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.RequestBody = new OpenApiRequestBody
                {
                    Description = "The file's bytes, whatever their type is said to be",
                    Required = true,
                    Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { ["application/octet-stream"] = new() { Schema = Bytes() } },
                };
                return Task.CompletedTask;
            });
        app.MapDelete(pattern, DeleteAsync).WithTags("files").Produces(204).ProducesProblems(400, 404, 409, 503)
            .WithSummary("Delete a file or directory").WithDescription("Remove a file or a whole tree.")
            .Takes(ParameterLocation.Path, "path", Path);
    }

    internal const string OwnerHelp = "user, uid, user:group or uid:gid; else the owner of the file that is replaced, else the user that the recipe or image runs as, who also owns parents that are made";

    private static OpenApiSchema Bytes() => new() { Type = JsonSchemaType.String, Format = "binary" };

    private static async Task GetAsync(string id, HttpContext context, Ownership ownership, ISandboxRuntime runtime, Presence presence, Listings listings)
    {
        var (sandbox, path, _) = await PlaceAsync(id, context, ownership, presence);
        var archive = context.Request.Query["archive"].ToString();
        if (archive is not ("" or "tar"))
        {
            throw new SandboxException(ErrorCode.Invalid, "archive: tar");
        }

        var entry = await runtime.Files.FindAsync(sandbox, path, context.RequestAborted)
            ?? throw new SandboxException(ErrorCode.NotFound, $"There is no {path}.");
        if (archive.Length > 0)
        {
            await SendAsync(context, runtime.Files.ReadAsync(sandbox, path, ReadForm.Tar, context.RequestAborted), "application/x-tar", Name(path) + ".tar");
            return;
        }

        if (HttpMethods.IsHead(context.Request.Method) && entry.Kind is FileKind.Directory)
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            return;
        }

        switch (entry.Kind)
        {
            case FileKind.Directory:
                using (await listings.EnterAsync(context.RequirePerson(), context))
                {
                    await ListAsync(context, runtime, sandbox, path);
                }

                break;
            case FileKind.File:
                context.Response.Headers.ETag = FileVersion.Of(entry);
                if (FileVersion.IsKnown(context.Request, entry))
                {
                    context.Response.StatusCode = StatusCodes.Status304NotModified;
                    break;
                }

                if (FileRanges.Choose(context, entry) is { } range)
                {
                    await SendAsync(context, runtime.Files.ReadAsync(sandbox, path, ReadForm.Raw, range, context.RequestAborted), "application/octet-stream", Name(path));
                }

                break;
            default:
                throw new SandboxException(ErrorCode.Invalid, $"{path} is neither a file nor a directory.");
        }
    }

    private static async Task ListAsync(HttpContext context, ISandboxRuntime runtime, SandboxId sandbox, SandboxPath path)
    {
        var entries = await runtime.Files.ListAsync(sandbox, path, context.RequestAborted);
        await context.Response.WriteAsJsonAsync(entries.Select(FileView.From), context.RequestAborted);
    }

    private static async Task<IResult> PutAsync(string id, HttpContext context, Ownership ownership, ISandboxRuntime runtime, Presence presence, WebOptions options)
    {
        var (sandbox, path, _) = await PlaceAsync(id, context, ownership, presence);
        var type = context.Request.Query["type"].ToString();
        if (type is not ("" or "directory"))
        {
            throw new SandboxException(ErrorCode.Invalid, "type: directory");
        }

        if (type.Length > 0)
        {
            await foreach (var _ in context.ReadBodyAsync(0))
            {
                // Longer than 0 is refused there.
            }

            await runtime.Files.MakeDirectoryAsync(sandbox, path, Owner(context.Request), context.RequestAborted);
            return Results.NoContent();
        }

        var how = new FileWish { Mode = Mode(context.Request), Owner = Owner(context.Request) };
        var isConditional = FileVersion.IsConditional(context.Request);
        if (isConditional)
        {
            FileVersion.Require(context.Request, await runtime.Files.FindAsync(sandbox, path, context.RequestAborted), path);
        }

        await runtime.Files.WriteAsync(sandbox, path, how, context.ReadBodyAsync(options.Limits.FileBytes), context.RequestAborted);
        if (isConditional && await runtime.Files.FindAsync(sandbox, path, context.RequestAborted) is { } written)
        {
            context.Response.Headers.ETag = FileVersion.Of(written);
        }

        return Results.NoContent();
    }

    private static async Task<IResult> DeleteAsync(string id, HttpContext context, Ownership ownership, ISandboxRuntime runtime, Presence presence)
    {
        var (sandbox, path, _) = await PlaceAsync(id, context, ownership, presence);
        await runtime.Files.DeleteAsync(sandbox, path, context.RequestAborted);
        return Results.NoContent();
    }

    /// <summary>The mode that is asked for, or null.</summary>
    internal static int? Mode(HttpRequest request) => !request.Query.TryGetValue("mode", out var text)
        ? null
        : RecipeRules.TryParseMode(text.ToString(), out var bits) ? bits : throw new SandboxException(ErrorCode.Invalid, "mode: octal, 0 to 07777");

    /// <summary>The owner that is asked for, or null.</summary>
    internal static string? Owner(HttpRequest request) => !request.Query.TryGetValue("owner", out var text)
        ? null
        : text.ToString() is { Length: > 0 and <= FileWish.LongestOwner } owner && !owner.Any(char.IsControl)
            ? owner
            : throw new SandboxException(ErrorCode.Invalid, "owner: user, uid, user:group or uid:gid");

    /// <summary>The caller's sandbox and the path in it, off the request.</summary>
    internal static async Task<(SandboxId Sandbox, SandboxPath Path, PlaygroundId Playground)> PlaceAsync(string id, HttpContext context, Ownership ownership, Presence presence)
    {
        var sandbox = SandboxEndpoints.Id(id);
        var playground = await ownership.RequireAsync(context.RequirePerson(), sandbox);
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!RawFilePath.TryParse(target, id, out var path))
        {
            throw new SandboxException(ErrorCode.Invalid, "The path is malformed: percent-encoded, without .., at most 4095 bytes.");
        }

        presence.Touch(playground);
        return (sandbox, path, playground);
    }

    private static async Task SendAsync(HttpContext context, IAsyncEnumerable<ReadOnlyMemory<byte>> content, string type, string name)
    {
        await using var blocks = content.GetAsyncEnumerator(context.RequestAborted);

        // Read the first block before the headers go out, so that a fault can still become a problem.
        var isHead = HttpMethods.IsHead(context.Request.Method);
        var more = !isHead && await blocks.MoveNextAsync();
        var response = context.Response;
        response.ContentType = type;
        response.Headers.ContentDisposition = new Microsoft.Net.Http.Headers.ContentDispositionHeaderValue("attachment") { FileNameStar = name }.ToString();
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        while (more)
        {
            await response.BodyWriter.WriteAsync(blocks.Current, context.RequestAborted);
            more = await blocks.MoveNextAsync();
        }
    }

    private static string Name(SandboxPath path)
    {
        var text = path.ToString();
        var name = new string([.. text[(text.LastIndexOf('/') + 1)..].Where(letter => !char.IsControl(letter))]);
        return name.Length == 0 ? "root" : name;
    }
}
