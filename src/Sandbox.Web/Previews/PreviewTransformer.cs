using Microsoft.Net.Http.Headers;
using Sandbox.Web.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Sandbox.Web.Previews;

/// <summary>
/// Requests reach the program as its visitor's browser sent them, without our cookies. Its answers set cookies for its own
/// host only.
/// </summary>
internal sealed class PreviewTransformer(Origins origins) : HttpTransformer
{
    /// <summary>The cookie with the pass, on the port's own origin.</summary>
    public const string Cookie = "sandbox_preview";

    /// <summary>The same for frames in pages of ours. https://developer.mozilla.org/en-US/docs/Web/Privacy/Guides/Privacy_sandbox/Partitioned_cookies</summary>
    public const string FrameCookie = "sandbox_preview_frame";

    /// <summary>The pass of a client that is no browser.</summary>
    public const string PassHeader = "Sandbox-Pass";

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.Headers.Host = httpContext.Request.Host.Value;
        proxyRequest.Headers.Remove(HeaderNames.Cookie);
        proxyRequest.Headers.Remove(PassHeader);
        var cookies = httpContext.Request.Headers.Cookie.SelectMany(line => line?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [])
            .Where(cookie => !IsOurs(cookie)).ToList();
        if (cookies.Count > 0)
        {
            proxyRequest.Headers.TryAddWithoutValidation(HeaderNames.Cookie, string.Join("; ", cookies));
        }

        foreach (var name in (ReadOnlySpan<string>)["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix"])
        {
            proxyRequest.Headers.Remove(name);
        }

        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Proto", httpContext.Request.Scheme);
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Host", httpContext.Request.Host.Value);
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var copied = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        var headers = httpContext.Response.Headers;
        var isFramed = httpContext.Features.Get<FromFrame>() is not null;
        if (headers.SetCookie.Count > 0)
        {
            headers.SetCookie = headers.SetCookie.Where(cookie => cookie is not null && !IsOurs(cookie)).Select(cookie => WithoutDomain(cookie!, isFramed)).ToArray();
        }

        headers["X-Robots-Tag"] = "noindex";
        if (!isFramed || proxyResponse is null)
        {
            return copied;
        }

        if (FramedPages.IsPage(httpContext.Request) && FramedPages.Refuses(headers, origins.All))
        {
            httpContext.Response.Clear();
            await PreviewPages.WriteUnframedAsync(httpContext);
            return false;
        }

        // Its cookie lets no page but ours frame it, where the browser keeps cookies apart; this does everywhere. A policy cannot
        // name an IPv6 address: browsers ignore that one, and complain of it in the program's console.
        headers.Append(HeaderNames.ContentSecurityPolicy, $"frame-ancestors 'self' {string.Join(' ', origins.All.Where(origin => !origin.Contains('[', StringComparison.Ordinal)))}");
        return copied;
    }

    private static bool IsOurs(string cookie) => cookie.TrimStart().Split('=', 2)[0].TrimEnd() is var name
        && (name.Equals(Cookie, StringComparison.OrdinalIgnoreCase) || name.Equals(FrameCookie, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// A cookie of a whole domain would go to the previews of others, and to us where we are below the same one. In a frame of
    /// another site browsers keep only cookies that say that they may be kept there.
    /// </summary>
    private static string WithoutDomain(string cookie, bool isFramed)
    {
        var parts = cookie.Split(';', StringSplitOptions.TrimEntries).Where((part, index) => index == 0 || !Is(part, "domain") && !(isFramed && (Is(part, "samesite") || Is(part, "secure") || Is(part, "partitioned"))));
        return string.Join("; ", isFramed ? [.. parts, "SameSite=None", "Secure", "Partitioned"] : parts);
    }

    private static bool Is(string part, string attribute) => part.Split('=', 2)[0].TrimEnd().Equals(attribute, StringComparison.OrdinalIgnoreCase);
}
