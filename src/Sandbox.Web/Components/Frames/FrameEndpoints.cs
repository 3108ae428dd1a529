using Microsoft.AspNetCore.Http.HttpResults;
using Sandbox.Core.Errors;
using Sandbox.Web.Catalog;
using Sandbox.Web.Embeds;
using Sandbox.Web.Http;
using Sandbox.Web.Links;

namespace Sandbox.Web.Components.Frames;

/// <summary>
/// The pages that embed.js shows as frames on pages elsewhere. They read no cookie and set none: the visitor of a frame is
/// a guest by a token, which the frame requests itself.
/// </summary>
internal static class FrameEndpoints
{
    /// <summary>Characters of a command that a page asks to run.</summary>
    private const int MaxCommand = 2000;

    public static void MapFrames(this IEndpointRouteBuilder app)
    {
        // The policy is replaced once it is known what is shown, and to whom.
        app.MapGet("/embed/terminal", TerminalAsync).WithPagePolicy(PagePolicy.EmbedAnywhere).ExcludeFromDescription();
        app.MapGet("/embed/run", RunAsync).WithPagePolicy(PagePolicy.EmbedAnywhere).ExcludeFromDescription();
    }

    private static async Task<IResult> TerminalAsync(HttpContext context, EmbedAccess access, LinkEntrance entrance, ImageCatalog catalog)
    {
        var subject = await FindAsync(context, access, entrance, catalog);
        return subject.Refusal is { } refusal
            ? new RazorComponentResult<RefusedFrame>(new { Refusal = refusal }) { StatusCode = refusal.Status }
            : new RazorComponentResult<TerminalFrame>(new { Subject = subject });
    }

    private static async Task<IResult> RunAsync(HttpContext context, EmbedAccess access, LinkEntrance entrance, ImageCatalog catalog)
    {
        var subject = await FindAsync(context, access, entrance, catalog);
        return new RazorComponentResult<RunFrame>(new { Subject = subject }) { StatusCode = subject.Refusal?.Status ?? StatusCodes.Status200OK };
    }

    /// <summary>Reads the subject of a frame from its address, and sets the policy of the answer.</summary>
    private static async Task<FrameSubject> FindAsync(HttpContext context, EmbedAccess access, LinkEntrance entrance, ImageCatalog catalog)
    {
        context.Response.Headers.CacheControl = "no-store";
        var (image, address, command, page) = (Of("image"), Of("link"), Of("command"), Of("page"));
        var theme = Of("theme") is "light" or "dark" ? Of("theme") : null;
        EnteredLink? link = null;
        FrameRefusal? refusal = null;
        if ((image is null) == (address is null) || command is { Length: > MaxCommand } || (command?.Any(char.IsControl) ?? false))
        {
            refusal = new FrameRefusal(400, "invalid", "This element has mistakes", $"It needs one of image and link, and a command is one line of at most {MaxCommand} characters.", null);
        }
        else if (address is not null)
        {
            try
            {
                link = await entrance.FindAsync(null, LinkEndpoints.Address(address));
            }
            catch (SandboxException fault) when (fault.Code == ErrorCode.LinkNotFound)
            {
                refusal = new FrameRefusal(404, "link_not_found", "This link leads nowhere", fault.Message, null);
            }
        }
        else if (catalog.Find(image!) is null)
        {
            refusal = new FrameRefusal(404, "image_not_found", "This image does not exist", "The catalog of this server has no such image.", null);
        }

        if (refusal is null && !access.Lets(link, page))
        {
            refusal = new FrameRefusal(403, "page_not_allowed", "This page may not show it", "Its owner says which pages may. You can open it on a page of its own.", link is null ? $"/?image={Uri.EscapeDataString(image!)}" : $"/x/{link.Hash}");
        }

        // Words without anything of the link are for every page.
        context.UsePolicy(refusal is null ? access.PolicyOf(link) : PagePolicy.EmbedAnywhere);
        var title = link?.Link.Title ?? (image is null ? null : catalog.Find(image)?.Title) ?? "";
        return new FrameSubject(image, link is null ? null : View(link), title, command, theme, page is not null && PagePolicy.IsOrigin(page) ? new Uri(page).Authority : null, refusal);

        string? Of(string name) => context.Request.Query[name].ToString() is { Length: > 0 } value ? value : null;
    }

    private static FrameLink View(EnteredLink entered) => new(
        entered.Link.Hash,
        entered.Recipe,
        [.. entered.Link.Lock!.Images.OrderBy(image => image.Node).Select(image => new LinkImageView(entered.Recipe.Nodes[image.Node].Name, image.Name, image.Digest))],
        entered.Link.IsOffline,
        entered.NeedsConsent,
        entered.Link.Password is not null);
}
