using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Sandbox.Web.Http;

/// <summary>
/// Which sites may make a browser act here. A page elsewhere can make a visitor's browser send requests, and open
/// sockets, with the visitor's cookie; the browser then says so in Origin (RFC 6454). It is compared with what the
/// operator configured and never with Host, which the attacker chooses too (DNS rebinding).
/// </summary>
internal sealed class Origins(WebOptions options, IServer server)
{
    private static readonly string[] LocalHosts = ["localhost", "127.0.0.1", "[::1]"];

    private readonly Lazy<HashSet<string>> _allowed = new(() => Allowed(options, server));

    /// <summary>The address that stands in links.</summary>
    public string PublicUrl => options.PublicUrls is [var first, ..]
        ? first.TrimEnd('/')
        : $"{Listening(options, server).Scheme}://localhost:{Listening(options, server).Port}";

    /// <summary>The origin of <see cref="PublicUrl"/>.</summary>
    public string PublicOrigin => new Uri(PublicUrl).GetLeftPart(UriPartial.Authority);

    /// <summary>All of our origins.</summary>
    public IReadOnlyCollection<string> All => _allowed.Value;

    public bool Allows(string origin) => _allowed.Value.Contains(origin);

    public async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (request.Headers.Origin is not [{ } origin, ..] || Allows(origin) || context.GetEndpoint()?.Metadata.GetMetadata<OpenToPages>() is not null)
        {
            await next(context);
            return;
        }

        var isOpaque = OpaquePages.IsFrom(origin, request);
        if (isOpaque && OpaquePages.Answer(context))
        {
            return;
        }

        if (IsGuarded(request) && !(isOpaque && OpaquePages.MayAct(request)))
        {
            await context.WriteProblemAsync(403, "origin", "This page may not act here: its origin is not one of ours.");
            return;
        }

        await next(context);
    }

    private static bool IsGuarded(HttpRequest request) =>
        !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        || request.HttpContext.WebSockets.IsWebSocketRequest
        || request.Headers.ContainsKey("Upgrade")
        || request.Path.StartsWithSegments("/hubs", StringComparison.OrdinalIgnoreCase)
        || request.Path.StartsWithSegments("/_blazor", StringComparison.OrdinalIgnoreCase);

    private static HashSet<string> Allowed(WebOptions options, IServer server)
    {
        if (options.PublicUrls.Length > 0)
        {
            return new HashSet<string>(options.PublicUrls.Select(url => new Uri(url).GetLeftPart(UriPartial.Authority)), StringComparer.OrdinalIgnoreCase);
        }

        var listening = Listening(options, server);
        return new HashSet<string>(
            LocalHosts.Select(host => new Uri($"{listening.Scheme}://{host}:{listening.Port}").GetLeftPart(UriPartial.Authority)),
            StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The port is known only once we listen when the operator asked for any (0).</summary>
    private static Uri Listening(WebOptions options, IServer server)
    {
        var address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? options.Listen;
        return new Uri(address.Replace("//*", "//localhost", StringComparison.Ordinal).Replace("//+", "//localhost", StringComparison.Ordinal));
    }
}
