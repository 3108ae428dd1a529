using Sandbox.Core.Errors;
using Sandbox.Web.Catalog;
using Sandbox.Web.Embeds;
using Sandbox.Web.Http;
using Sandbox.Web.Links;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.Components.Frames;

/// <summary>Reads the subject of a frame from its address, and sets the policy of the answer.</summary>
internal sealed class FrameSubjects(EmbedAccess access, LinkEntrance entrance, ImageCatalog catalog, TutorialLibrary library, TutorialViews tutorials)
{
    /// <summary>Characters of a command that a page asks to run.</summary>
    private const int MaxCommand = 2000;

    /// <summary>The subject of a request; mistakes in its address are its refusal.</summary>
    public async Task<FrameSubject> FindAsync(HttpContext context, bool takesTutorials)
    {
        context.Response.Headers.CacheControl = "no-store";
        var (image, address, lesson, command, page) = (Of("image"), Of("link"), takesTutorials ? Of("tutorial") : null, Of("command"), Of("page"));
        var theme = Of("theme") is "light" or "dark" ? Of("theme") : null;
        EnteredLink? link = null;
        TutorialDetailView? tutorial = null;
        FrameRefusal? refusal = null;
        if (new[] { image, address, lesson }.Count(given => given is not null) != 1 || command is { Length: > MaxCommand } || (command?.Any(char.IsControl) ?? false))
        {
            refusal = new FrameRefusal(400, "invalid", "This element has mistakes", $"It needs one of {(takesTutorials ? "image, link and tutorial" : "image and link")}, and a command is one line of at most {MaxCommand} characters.", null);
        }
        else if (address is not null)
        {
            try
            {
                link = await entrance.FindAsync(null, LinkEndpoints.Address(address));
            }
            catch (SandboxException fault) when (fault.Code == ErrorCode.LinkNotFound)
            {
                refusal = new FrameRefusal(404, "link_not_found", "This link does not exist", fault.Message, null);
            }
        }
        else if (lesson is not null)
        {
            (tutorial, refusal) = await FindTutorialAsync(lesson, context.RequestAborted);
        }
        else if (catalog.Find(image!) is null)
        {
            refusal = new FrameRefusal(404, "image_not_found", "This image does not exist", "The catalog of this server has no such image.", null);
        }

        if (refusal is null && !access.Lets(link, page))
        {
            var own = link is not null ? $"/x/{link.Hash}" : tutorial is not null ? tutorial.Url : $"/?image={Uri.EscapeDataString(image!)}";
            refusal = new FrameRefusal(403, "page_not_allowed", "This page may not show it", "Its owner decides which pages may show it. You can open it in its own tab.", own);
        }

        // Words without anything of the link are for every page.
        context.UsePolicy(refusal is null ? access.PolicyOf(link) : PagePolicy.EmbedAnywhere);
        var title = link?.Link.Title ?? tutorial?.Title ?? (image is null ? null : catalog.Find(image)?.Title) ?? "";
        return new FrameSubject(image, link is null ? null : View(link), tutorial, title, command, theme, page is not null && PagePolicy.IsOrigin(page) ? new Uri(page).Authority : null, refusal);

        string? Of(string name) => context.Request.Query[name].ToString() is { Length: > 0 } value ? value : null;
    }

    private async Task<(TutorialDetailView? Tutorial, FrameRefusal? Refusal)> FindTutorialAsync(string address, CancellationToken cancellationToken)
    {
        try
        {
            var view = await tutorials.DetailAsync(null, await library.FindAsync(null, address), cancellationToken);
            return view.Runnable
                ? (view, null)
                : (null, new FrameRefusal(409, "tutorial_not_runnable", "This tutorial can only be read here", view.Reason ?? "It does not name its image.", view.Url));
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.NotFound)
        {
            return (null, new FrameRefusal(404, "not_found", "There is no such tutorial", fault.Message, null));
        }
    }

    private static FrameLink View(EnteredLink entered) => new(
        entered.Link.Hash,
        entered.Recipe,
        [.. entered.Link.Lock!.Images.OrderBy(image => image.Node).Select(image => new LinkImageView(entered.Recipe.Nodes[image.Node].Name, image.Name, image.Digest))],
        entered.Link.IsOffline,
        entered.NeedsConsent,
        entered.Link.Password is not null);
}
