using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;
using Sandbox.Core.Errors;
using Sandbox.Web.Http;
using Sandbox.Web.Links;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.Pictures;

/// <summary>Pictures that pages elsewhere show of a link. A private link has none, not even for its owner: caches would keep it.</summary>
internal static class PictureEndpoints
{
    public static void MapPictures(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/x/{address}").WithTags("links").WithPagePolicy(PagePolicy.Picture);
        group.MapGet("badge.svg", async (string address, HttpContext context, LinkEntrance entrance) =>
                Svg(context, Badge.Draw((await FindAsync(entrance, address)).Link.Title)))
            .Produces<string>(200, "image/svg+xml").ProducesProblems(404).WithSummary("Get a link's badge").WithDescription("A badge of a link, for pages elsewhere.");
        app.MapGet("/t/{address}/badge.svg", TutorialAsync).WithTags("tutorials").WithPagePolicy(PagePolicy.Picture)
            .Produces<string>(200, "image/svg+xml").ProducesProblems(404).WithSummary("Get a tutorial's badge").WithDescription("A badge of a tutorial: when its own test passed last.");
        group.MapGet("qr.svg", async (string address, HttpContext context, LinkEntrance entrance, Origins origins) =>
            {
                await FindAsync(entrance, address);
                return Svg(context, QrCode.Draw($"{origins.PublicUrl}/x/{LinkEndpoints.Address(address)}"));
            })
            .Produces<string>(200, "image/svg+xml").ProducesProblems(404).WithSummary("Get a link's QR code").WithDescription("A link's address as a QR code.");
        group.MapGet("cover", CoverAsync)
            .Produces<string>(200, AliasCovers.Types[0], [.. AliasCovers.Types.Skip(1)]).ProducesProblems(404).WithSummary("Get an alias's picture").WithDescription("The picture of an alias's page.");
        group.MapGet("preview.svg", async (string address, HttpContext context, LinkEntrance entrance, LinkList list) =>
            {
                var entered = await FindAsync(entrance, address);
                var view = await list.ViewAsync(entered, context.RequestAborted);
                return Svg(context, LinkCard.Draw(entered, view.Author == "operator" ? "Made by an operator" : "Made by a guest"));
            })
            .Produces<string>(200, "image/svg+xml").ProducesProblems(404).WithSummary("Get a link's preview picture").WithDescription("The picture of a link in previews, 1200 x 630.");
    }

    private static async Task<IResult> TutorialAsync(string address, HttpContext context, TutorialLibrary library, TimeProvider time)
    {
        var row = await library.FindAsync(null, address);
        return Svg(context, Badge.Draw(row.TestedAt, row.PassedAt, row.Failure is not null, time.GetUtcNow()));
    }

    private static async Task<IResult> CoverAsync(string address, HttpContext context, LinkEntrance entrance, Aliases aliases, AliasCovers covers)
    {
        await FindAsync(entrance, address);
        if (LinkEndpoints.Address(address).Alias is not { } alias || covers.Open(await aliases.FindAsync(alias)) is not { } cover)
        {
            throw new SandboxException(ErrorCode.LinkNotFound, "This name has no picture.");
        }

        context.Response.Headers.CacheControl = "public, max-age=300";
        return Results.Stream(cover.Content, cover.Type);
    }

    private static Task<EnteredLink> FindAsync(LinkEntrance entrance, string address) => entrance.FindAsync(null, LinkEndpoints.Address(address));

    private static IResult Svg(HttpContext context, string svg)
    {
        // A title changes, an alias moves, a link becomes private: minutes are as long as an old picture may stay.
        context.Response.Headers.CacheControl = "public, max-age=300";
        var bytes = Encoding.UTF8.GetBytes(svg);
        return Results.Bytes(bytes, "image/svg+xml", entityTag: new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\""));
    }
}
