using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Sandbox.Web.Http;
using Sandbox.Web.Sharing;

namespace Sandbox.Web.People;

/// <summary>
/// Who asks: a bearer token (the hub also takes it as <c>access_token</c>, since a browser's socket carries no
/// headers), else an operator's session, else a guest's cookie. At the hub it may also be a link's, whose holder is no person.
/// </summary>
internal sealed class PersonAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    Tokens tokens,
    ShareLinks links,
    Guests guests)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string OperatorCookie = "sandbox_operator";

    private const string Bearer = "Bearer ";

    private static readonly object RefusalKey = new();

    /// <summary>The token a request was sent with, good or not.</summary>
    public static string? BearerToken(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return header[Bearer.Length..].Trim();
        }

        return IsHub(request) && request.Query["access_token"].ToString() is { Length: > 0 } query ? query : null;
    }

    /// <summary>Why the link that a request came by admits nobody.</summary>
    public static ShareRefusal? ShareRefusalOf(HttpContext context) => context.Items[RefusalKey] as ShareRefusal;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (BearerToken(Request) is { } bearer)
        {
            // A link's token is known at the hub and nowhere else: all other addresses need not even refuse it.
            if (ShareLinks.IsShare(bearer))
            {
                return IsHub(Request) ? await ShareAsync(bearer) : AuthenticateResult.Fail("unknown token");
            }

            return await tokens.FindAsync(bearer) is { } holder
                ? Success(holder)
                : AuthenticateResult.Fail("unknown token");
        }

        if (Request.Cookies[OperatorCookie] is { Length: > 0 } session && await tokens.FindAsync(session) is { } operatorHolder)
        {
            return Success(operatorHolder);
        }

        if (Request.Cookies[Guests.Cookie] is { Length: > 0 } cookie && guests.TryRead(cookie, out var person))
        {
            guests.SawAgain(person);
            return AuthenticateResult.Success(new AuthenticationTicket(CallerClaims.Principal(person, PersonKind.Guest), Scheme.Name));
        }

        return AuthenticateResult.NoResult();
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        return Context.WriteProblemAsync(401, "unauthorized", "Sign in first, or send a token that is still good.");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Context.WriteProblemAsync(403, "forbidden", "Only an operator may do this.");

    private static bool IsHub(HttpRequest request) => request.Path.StartsWithSegments("/hubs", StringComparison.OrdinalIgnoreCase);

    private async Task<AuthenticateResult> ShareAsync(string token)
    {
        var (pass, refusal) = await links.FindAsync(token);
        Context.Items[RefusalKey] = refusal;
        return pass is null ? AuthenticateResult.Fail("unknown token") : AuthenticateResult.Success(new AuthenticationTicket(pass.Principal(), Scheme.Name));
    }

    private AuthenticateResult Success(TokenHolder holder)
    {
        guests.SawAgain(holder.Person);
        return AuthenticateResult.Success(new AuthenticationTicket(CallerClaims.Principal(holder.Person, holder.Kind), Scheme.Name));
    }
}
