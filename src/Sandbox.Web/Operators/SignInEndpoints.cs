using System.Text.Encodings.Web;
using Sandbox.Core.Errors;
using Sandbox.Web.Audit;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Operators;

/// <summary>
/// The page behind an operator's link. Looking at it uses nothing up, because mail and chat programs look at links by
/// themselves; pressing its button does.
/// </summary>
internal static class SignInEndpoints
{
    public static void MapSignIn(this IEndpointRouteBuilder app)
    {
        app.MapGet("/admin/sign-in", (string? token) => Page(
            $"""
            <h1>Sign in as an operator</h1>
            <p>This browser will be signed in for 12 hours.</p>
            <form method="post" action="/admin/sign-in">
            <input type="hidden" name="token" value="{HtmlEncoder.Default.Encode(token ?? "")}">
            <button class="button primary">Sign in</button>
            </form>
            """)).ExcludeFromDescription();

        app.MapPost("/admin/sign-in", async (HttpContext context, SignInLinks links, AuditLog audit) =>
        {
            var form = await ReadFormAsync(context);
            if (await links.SignInAsync(form["token"].ToString()) is not (var person, var session))
            {
                audit.Add(new AuditEvent(AuditKind.Refused, "Signing in with a link that no longer works, or never did.") { Code = "sign_in", Address = Address(context) });
                return Page("<h1>This link no longer works</h1><p>It was used already, or it is older than 15 minutes. Run <code>infra/up</code> on the host: it prints a new one, and changes nothing that runs.</p>", 410);
            }

            context.Response.Cookies.Append(PersonAuthentication.OperatorCookie, session, new CookieOptions
            {
                HttpOnly = true,
                SameSite = SameSiteMode.Lax,
                Secure = context.Request.IsHttps,
                IsEssential = true,
                MaxAge = SignInLinks.SessionLife,
                Path = "/",
            });
            audit.Add(new AuditEvent(AuditKind.SignIn, "Signed in with a link.") { Code = "in", Person = person, Address = Address(context) });
            return SeeOther(context, "/admin");
        }).ExcludeFromDescription();

        app.MapPost("/admin/sign-out", async (HttpContext context, BearerTokens tokens, AuditLog audit) =>
        {
            if (context.Request.Cookies[PersonAuthentication.OperatorCookie] is { Length: > 0 } session)
            {
                await tokens.RevokeAsync(session);
                context.Response.Cookies.Delete(PersonAuthentication.OperatorCookie);
                if (context.User.IsInRole(CallerClaims.OperatorRole))
                {
                    audit.Add(new AuditEvent(AuditKind.SignIn, "Signed out.") { Code = "out", Person = context.User.Person(), Address = Address(context) });
                }
            }

            return SeeOther(context, "/");
        }).ExcludeFromDescription();
    }

    private static string Address(HttpContext context) => AddressRates.Address(context.Connection.RemoteIpAddress);

    private static async Task<IFormCollection> ReadFormAsync(HttpContext context)
    {
        try
        {
            return await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (Exception malformed) when (malformed is InvalidDataException or InvalidOperationException)
        {
            throw new SandboxException(ErrorCode.Invalid, "Send the form of the sign-in page.", malformed);
        }
    }

    private static IResult SeeOther(HttpContext context, string where)
    {
        context.Response.Headers.Location = where;
        return Results.StatusCode(303);
    }

    private static IResult Page(string body, int status = 200) => PlainPage.Of("Operator", body, status);
}
