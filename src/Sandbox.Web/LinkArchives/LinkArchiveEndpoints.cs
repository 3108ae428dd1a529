using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Web.Exports;
using Sandbox.Web.Http;
using Sandbox.Web.Links;
using Sandbox.Web.People;

namespace Sandbox.Web.LinkArchives;

/// <summary>A link with all that it needs, for another server.</summary>
internal static class LinkArchiveEndpoints
{
    private const string Tar = "application/x-tar";

    public static void MapLinkArchives(this IEndpointRouteBuilder app) =>
        app.MapMethods("/x/{hash}.oci", [HttpMethods.Get, HttpMethods.Head], SendAsync).WithPagePolicy(PagePolicy.Download).WithTags("links")
            .Produces<byte[]>(200, Tar).ProducesProblems(403, 404, 429, 503)
            .WithSummary("Download a link's archive")
            .WithDescription("One manifest: its config is the recipe, whose digest is the link's hash, and its layers are the blobs of the images. skopeo copies it to any registry and back.");

    private static async Task SendAsync(string hash, HttpContext context, Guests guests, AddressRates rates, LinkEntrance entrance, LockArchiveWriting archives, ExportPlaces places, ISandboxRuntime runtime)
    {
        if (!RecipeHash.TryParse(hash, out var parsed))
        {
            throw new SandboxException(ErrorCode.LinkNotFound, "There is no such link here: the archive of a link has its hash in the address, 64 hexadecimal digits.");
        }

        var link = await entrance.FindAsync(context.User.Person(), new LinkAddress(null, parsed));
        if (!entrance.LetsIn(link, password: null))
        {
            throw entrance.Refusal(link, password: null);
        }

        // The content of a hash never changes.
        var tag = new EntityTagHeaderValue($"\"{parsed}\"");
        context.Response.Headers.ETag = tag.ToString();
        context.Response.Headers.CacheControl = "private, no-cache";
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false) || known.Equals(EntityTagHeaderValue.Any)))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        Describe(context.Response, parsed);
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        // It reads as much as a launch does, and far more.
        if (!await rates.AllowsLaunchAsync(context))
        {
            return;
        }

        if (link.Images.Any(image => image.Digest is null))
        {
            throw new SandboxException(ErrorCode.Conflict, "An image of this link is built where it is started. Start it, and make a link of its state: that has the image.");
        }

        using var place = places.Enter(guests.Ensure(context), context);
        var stored = (await runtime.Images.ListAsync(context.RequestAborted)).Select(image => image.Digest).ToHashSet();
        if (link.Images.FirstOrDefault(image => !stored.Contains(image.Digest ?? default(Digest))) is { } gone)
        {
            throw new SandboxException(ErrorCode.ImageNotFound, $"The image {gone.Name} of this link is no longer on this server.");
        }

        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await foreach (var piece in archives.WriteAsync(link, context.RequestAborted))
        {
            await context.Response.BodyWriter.WriteAsync(piece, context.RequestAborted);
        }
    }

    private static void Describe(HttpResponse response, RecipeHash hash)
    {
        response.ContentType = Tar;
        response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = $"{hash.Value[..12]}.oci.tar" }.ToString();
    }
}
