using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Tunnels;

/// <summary>Metadata of the endpoints that a <see cref="TunnelTokens">tunnel's token</see> opens; everywhere else it is an unknown token.</summary>
internal sealed class TunnelAccess
{
    public static TunnelAccess Metadata { get; } = new();

    /// <summary>What the token of a request opens; null if it came with another credential.</summary>
    public static TunnelPass? PassOf(HttpContext context) => context.Features.Get<TunnelPass>();

    /// <summary>Whether a request came with a tunnel's token that has been revoked since.</summary>
    public static bool IsRevoked(HttpContext context) =>
        PassOf(context) is not null && context.RequestServices.GetRequiredService<TunnelTokens>().Read(RequestToken.Of(context.Request)) is null;

    /// <summary>Makes the sender of a tunnel's token its person, for a request to a tunnel.</summary>
    public static Task AuthenticateAsync(HttpContext context, RequestDelegate next)
    {
        if (context.User.Person() is null
            && context.GetEndpoint()?.Metadata.GetMetadata<TunnelAccess>() is not null
            && context.RequestServices.GetRequiredService<TunnelTokens>().Read(RequestToken.Of(context.Request)) is { } pass)
        {
            context.Features.Set(pass);
            context.User = CallerClaims.Principal(pass.Person, PersonKind.Guest);
        }

        return next(context);
    }
}
