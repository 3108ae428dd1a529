using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Sandbox.Web.Http;

namespace Sandbox.Web.Sharing;

/// <summary>Authenticates the holder of a link by its token. The token is good at the hub and nowhere else.</summary>
internal sealed class ShareAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ShareLinks links)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "share";

    private static readonly object RefusalKey = new();

    /// <summary>This scheme's name if the request carries a link's token, else null.</summary>
    public static string? SchemeFor(HttpContext context) =>
        RequestToken.Of(context.Request) is { } token && ShareLinks.IsShare(token) ? SchemeName : null;

    /// <summary>Why the link of a request admits nobody; null if it does, or if there is none.</summary>
    public static ShareRefusal? RefusalOf(HttpContext context) => context.Items[RefusalKey] as ShareRefusal;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!RequestToken.IsHub(Request) || RequestToken.Of(Request) is not { } token)
        {
            return AuthenticateResult.Fail("unknown token");
        }

        var (pass, refusal) = await links.FindAsync(token);
        Context.Items[RefusalKey] = refusal;
        return pass is null ? AuthenticateResult.Fail("unknown token") : AuthenticateResult.Success(new AuthenticationTicket(pass.Principal(), Scheme.Name));
    }
}
