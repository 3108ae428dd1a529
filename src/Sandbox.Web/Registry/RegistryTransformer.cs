using Microsoft.Net.Http.Headers;
using Sandbox.Core.People;
using Yarp.ReverseProxy.Forwarder;

namespace Sandbox.Web.Registry;

/// <summary>A caller's <c>me</c> is, in the registries behind, a namespace with the person's id. Neither token nor address goes there.</summary>
internal sealed class RegistryTransformer(PersonId person) : HttpTransformer
{
    private const string Outside = "/v2/" + RegistryRequest.Own;

    private readonly string _inside = $"/v2/{person.Value}/";

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.RequestUri = RequestUtilities.MakeDestinationAddress(destinationPrefix, _inside + httpContext.Request.Path.Value![Outside.Length..], httpContext.Request.QueryString);
        proxyRequest.Headers.Host = null;
        foreach (var name in (ReadOnlySpan<string>)[HeaderNames.Authorization, HeaderNames.Cookie, "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix"])
        {
            proxyRequest.Headers.Remove(name);
        }
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var copied = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (httpContext.Response.Headers.Location.ToString() is var location && location.StartsWith(_inside, StringComparison.Ordinal))
        {
            httpContext.Response.Headers.Location = Outside + location[_inside.Length..];
        }

        return copied;
    }
}
