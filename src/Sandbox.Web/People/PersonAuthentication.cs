using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Sandbox.Web.Http;

namespace Sandbox.Web.People;

/// <summary>
/// Who asks: a bearer token (the hub also takes it as <c>access_token</c>, since a browser's socket carries no
/// headers), else an operator's session, else a guest's cookie.
/// </summary>
internal sealed class PersonAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    Tokens tokens,
    Guests guests)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string OperatorCookie = "sandbox_operator";

    private const string Bearer = "Bearer ";

    /// <summary>The token a request was sent with, good or not.</summary>
    public static string? BearerToken(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return header[Bearer.Length..].Trim();
        }

        return request.Path.StartsWithSegments("/hubs", StringComparison.OrdinalIgnoreCase) && request.Query["access_token"].ToString() is { Length: > 0 } query ? query : null;
    }

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (BearerToken(Request) is { } bearer)
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
        return Context.WriteProblemAsync(401, "unauthorized", "Sign in first, or send a token that is still good.");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Context.WriteProblemAsync(403, "forbidden", "Only an operator may do this.");

    private AuthenticateResult Success(TokenHolder holder)
    {
        guests.SawAgain(holder.Person);
        return AuthenticateResult.Success(new AuthenticationTicket(CallerClaims.Principal(holder.Person, holder.Kind), Scheme.Name));
    }
}
