using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;

namespace Sandbox.Web.Previews;

/// <summary>
/// Requests reach the program as its visitor's browser sent them, without our cookie. Its answers set cookies for its own
/// host only.
/// </summary>
internal sealed class PreviewTransformer : HttpTransformer
{
    /// <summary>The cookie with the pass, on the port's own origin.</summary>
    public const string Cookie = "sandbox_preview";

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.Headers.Host = httpContext.Request.Host.Value;
        proxyRequest.Headers.Remove(HeaderNames.Cookie);
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
        if (headers.SetCookie.Count > 0)
        {
            headers.SetCookie = headers.SetCookie.Where(cookie => cookie is not null && !IsOurs(cookie)).Select(cookie => WithoutDomain(cookie!)).ToArray();
        }

        headers["X-Robots-Tag"] = "noindex";
        return copied;
    }

    private static bool IsOurs(string cookie) => cookie.AsSpan().TrimStart().StartsWith(Cookie + "=", StringComparison.OrdinalIgnoreCase);

    /// <summary>A cookie of a whole domain would go to the previews of others, and to us where we are below the same one.</summary>
    private static string WithoutDomain(string cookie) => string.Join(
        "; ", cookie.Split(';', StringSplitOptions.TrimEntries).Where((part, index) => index == 0 || !part.StartsWith("domain", StringComparison.OrdinalIgnoreCase)));
}
