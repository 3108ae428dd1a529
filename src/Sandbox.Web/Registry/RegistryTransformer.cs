using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;

namespace Sandbox.Web.Registry;

/// <summary>A caller's <c>me</c> is, in the registries behind, a namespace with the person's id. Neither token nor address goes there.</summary>
/// <param name="outside">How the caller's addresses begin.</param>
/// <param name="inside">How those of the registry behind begin.</param>
internal sealed class RegistryTransformer(string outside, string inside) : HttpTransformer
{

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.RequestUri = RequestUtilities.MakeDestinationAddress(destinationPrefix, inside + httpContext.Request.Path.Value![outside.Length..], httpContext.Request.QueryString);
        proxyRequest.Headers.Host = null;
        foreach (var name in (ReadOnlySpan<string>)[HeaderNames.Authorization, HeaderNames.Cookie, "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix"])
        {
            proxyRequest.Headers.Remove(name);
        }
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var copied = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (httpContext.Response.Headers.Location.ToString() is var location && location.StartsWith(inside, StringComparison.Ordinal))
        {
            httpContext.Response.Headers.Location = outside + location[inside.Length..];
        }

        return copied;
    }
}
