using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Sandbox.Web.Http;
using Sandbox.Web.Store;

namespace Sandbox.Web.People;

/// <summary>
/// Authenticates a person by a bearer token (at the hub also as <c>access_token</c>, since a browser's socket carries no
/// headers), else by an operator's session, else by a guest's cookie.
/// </summary>
internal sealed class PersonAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    BearerTokens tokens,
    Guests guests)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string OperatorCookie = "sandbox_operator";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (RequestToken.Of(Request) is { } bearer)
        {
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
        return Context.WriteProblemAsync(401, "unauthorized", "Sign in first, or send a valid token.");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Context.WriteProblemAsync(403, "forbidden", "Only an operator may do this.");

    private AuthenticateResult Success(TokenHolder holder)
    {
        guests.SawAgain(holder.Person);
        return AuthenticateResult.Success(new AuthenticationTicket(CallerClaims.Principal(holder.Person, holder.Kind), Scheme.Name));
    }
}
