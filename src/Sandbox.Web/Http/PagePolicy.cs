namespace Sandbox.Web.Http;

/// <summary>
/// How a browser may use an answer: its Content-Security-Policy, who may frame it, and whether it sets cookies. It is
/// metadata of an endpoint, see <see cref="PagePolicyConventions.WithPagePolicy"/>; an endpoint without it, a static
/// file and an address without an endpoint have <see cref="Site"/>. <see cref="AnswerHeaders"/> writes the headers.
/// </summary>
internal sealed class PagePolicy
{
    private const string OwnContent =
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
        "font-src 'self' data:; connect-src 'self'; {0}base-uri 'self'; form-action 'self'; object-src 'none'";

    private PagePolicy(string content, bool issuesCookies, string resource, string? readers = null)
    {
        ContentSecurityPolicy = content;
        IssuesCookies = issuesCookies;
        ResourcePolicy = resource;
        Readers = readers;
    }

    /// <summary>Our own pages: nobody frames them.</summary>
    public static PagePolicy Site { get; } = new(Own("'none'"), issuesCookies: true, "same-origin");

    /// <summary>
    /// A download of something that programs in a sandbox wrote, from our own host: in an opaque origin, where a browser runs
    /// and loads nothing. The endpoint sends it as an attachment.
    /// </summary>
    public static PagePolicy Download { get; } = new("sandbox; default-src 'none'", issuesCookies: true, "same-origin");

    /// <summary>
    /// A script, a style, a font or a picture of ours. Pages elsewhere load our scripts, and a frame of ours in a page without
    /// an origin is elsewhere too. There is nothing of anybody in them.
    /// </summary>
    public static PagePolicy Asset { get; } = new(Own("'none'"), issuesCookies: false, "cross-origin", readers: "*");

    /// <summary>Our own page inside a page of any origin. It sets no cookies, see <see cref="Embed"/>.</summary>
    public static PagePolicy EmbedAnywhere { get; } = new(Own(null), issuesCookies: false, "cross-origin");

    /// <summary>A picture of ours that pages elsewhere show. Opened by itself it loads and runs nothing.</summary>
    public static PagePolicy Picture { get; } = new("sandbox; default-src 'none'", issuesCookies: false, "cross-origin");

    /// <summary>The value of Content-Security-Policy.</summary>
    public string ContentSecurityPolicy { get; }

    /// <summary>Whether the answer may set our cookies.</summary>
    public bool IssuesCookies { get; }

    /// <summary>The value of Cross-Origin-Resource-Policy.</summary>
    public string ResourcePolicy { get; }

    /// <summary>The value of Access-Control-Allow-Origin; null for none.</summary>
    public string? Readers { get; }

    /// <summary>Our own page inside a page of the given origins. It sets no cookies: browsers refuse those of a frame, or keep them per site.</summary>
    /// <param name="origins">Who may frame it: scheme://host[:port]. None: nobody.</param>
    /// <exception cref="ArgumentException">One of them is no origin.</exception>
    public static PagePolicy Embed(params IReadOnlyCollection<string> origins)
    {
        foreach (var origin in origins)
        {
            if (!IsOrigin(origin))
            {
                throw new ArgumentException($"'{origin}' is no origin like https://example.org", nameof(origins));
            }
        }

        return new(Own(origins.Count == 0 ? "'none'" : string.Join(' ', origins)), issuesCookies: false, "cross-origin");
    }

    /// <summary>A page of ours that shows pages of others in frames.</summary>
    /// <param name="sources">Their origins, as sources of a Content-Security-Policy.</param>
    public static PagePolicy Framing(string sources) => new($"{Own("'none'")}; frame-src {sources}", issuesCookies: true, "same-origin");

    /// <summary>
    /// Whether a text is an origin of the web, written as a browser writes it. It is compared with what the parser would write:
    /// a path, a wildcard, a space or a semicolon never gets into a header.
    /// </summary>
    public static bool IsOrigin(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && $"{uri.Scheme}://{uri.Authority}" == text;

    /// <summary>The policy of the endpoint that answers.</summary>
    public static PagePolicy Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<PagePolicy>() ?? Site;

    /// <summary>A browser that finds no list of ancestors asks nobody; a list with a wildcard would leave out pages without an origin.</summary>
    private static string Own(string? ancestors) => OwnContent.Replace("{0}", ancestors is null ? "" : $"frame-ancestors {ancestors}; ", StringComparison.Ordinal);
}

/// <summary>Gives endpoints their policy.</summary>
internal static class PagePolicyConventions
{
    /// <summary>Sets the policy of the endpoints.</summary>
    public static TBuilder WithPagePolicy<TBuilder>(this TBuilder endpoints, PagePolicy policy)
        where TBuilder : IEndpointConventionBuilder => endpoints.WithMetadata(policy);
}
