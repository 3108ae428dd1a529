namespace Sandbox.Web.Http;

/// <summary>
/// Our own frame inside a page with <c>sandbox="allow-scripts"</c> has no origin, so the browser sends <c>Origin: null</c>
/// and treats our own API as another site's. Such a request may act if it carries a bearer token, since a token is never
/// added by a browser itself, or if it asks for a new guest, which gives nobody anything of anybody. Cookies never count:
/// no answer allows credentials.
/// </summary>
internal static class OpaquePages
{
    /// <summary>The Origin of a page without one (RFC 6454, 6.1).</summary>
    private const string Origin = "null";

    private static readonly string[] Headers = ["authorization", "content-type", "idempotency-key", "x-requested-with", "x-signalr-user-agent"];

    /// <summary>Whether a request comes from such a page and is for something that our frame calls.</summary>
    public static bool IsFrom(string origin, HttpRequest request) =>
        origin == Origin && (request.Path.StartsWithSegments("/api/v1", StringComparison.Ordinal) || RequestToken.IsHub(request));

    /// <summary>Lets the page read the answer. True if that was all it asked: the question of a browser before the request itself.</summary>
    public static bool Answer(HttpContext context)
    {
        // At the end: what fails begins its answer anew.
        context.Response.OnStarting(static state => Allow(((HttpContext)state).Response.Headers), context);
        if (!HttpMethods.IsOptions(context.Request.Method) || context.Request.Headers.AccessControlRequestMethod.Count == 0)
        {
            return false;
        }

        var headers = context.Response.Headers;
        headers.AccessControlAllowMethods = "GET, HEAD, POST, PUT, DELETE";
        headers.AccessControlAllowHeaders = string.Join(", ", Headers);
        headers.AccessControlMaxAge = "600";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }

    private static Task Allow(IHeaderDictionary headers)
    {
        headers.AccessControlAllowOrigin = Origin;
        headers.Vary = "Origin";
        return Task.CompletedTask;
    }

    /// <summary>Whether it may act.</summary>
    public static bool MayAct(HttpRequest request) =>
        RequestToken.Of(request) is not null
        || (HttpMethods.IsPost(request.Method) && request.Path.Equals("/api/v1/guests", StringComparison.Ordinal));
}
