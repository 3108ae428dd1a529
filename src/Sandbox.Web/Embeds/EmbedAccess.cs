using Sandbox.Web.Http;
using Sandbox.Web.Links;

namespace Sandbox.Web.Embeds;

/// <summary>
/// The pages that may frame a link or an image: those of the link's own list, else those of the operator's. The browser enforces it by
/// frame-ancestors, whatever a page says of itself.
/// </summary>
internal sealed class EmbedAccess(WebOptions options, Origins own)
{
    /// <summary>The policy of a frame that shows a link, or an image when it is null.</summary>
    public PagePolicy PolicyOf(EnteredLink? link) => Listed(link) switch
    {
        _ when !options.Embeds.Enabled => PagePolicy.Embed(),
        [] => PagePolicy.EmbedAnywhere,
        var origins => PagePolicy.Embed([own.PublicOrigin, .. origins]),
    };

    /// <summary>
    /// Whether a page that names itself may frame it, so that a page that may not gets words instead of the browser's blank
    /// frame. A page that lies about its name gets the frame, and its browser refuses to show it.
    /// </summary>
    /// <param name="link">The link; null for an image.</param>
    /// <param name="page">The origin that the page names; null or "null" when it has none.</param>
    public bool Lets(EnteredLink? link, string? page) =>
        options.Embeds.Enabled && (Listed(link) is var origins && (origins.Length == 0 || page is null or "null" || own.Allows(page) || origins.Contains(page, StringComparer.Ordinal)));

    /// <summary>Whether a page may run code by <c>POST /v1/exec</c>.</summary>
    public bool LetsRun(string? page) =>
        options.Embeds.Enabled && (options.Embeds.Origins.Length == 0 || page is null || own.Allows(page) || options.Embeds.Origins.Contains(page, StringComparer.Ordinal));

    private string[] Listed(EnteredLink? link) => link?.Link.PageOrigins is { } list ? list.Split(' ') : options.Embeds.Origins;
}
