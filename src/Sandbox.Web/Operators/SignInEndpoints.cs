using System.Text.Encodings.Web;
using Sandbox.Core.Errors;
using Sandbox.Web.People;

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
            <p>This signs this browser in as an operator for 12 hours.</p>
            <form method="post" action="/admin/sign-in">
            <input type="hidden" name="token" value="{HtmlEncoder.Default.Encode(token ?? "")}">
            <button>Sign in</button>
            </form>
            """)).ExcludeFromDescription();

        app.MapPost("/admin/sign-in", async (HttpContext context, SignInLinks links) =>
        {
            var form = await ReadFormAsync(context);
            if (await links.SignInAsync(form["token"].ToString()) is not { } session)
            {
                return Page("<p>This link was used already, or it is older than 15 minutes. Print a new one with <code>Sandbox.Web --admin-link</code>.</p>", 410);
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
            return SeeOther(context, "/admin");
        }).ExcludeFromDescription();

        app.MapPost("/admin/sign-out", async (HttpContext context, BearerTokens tokens) =>
        {
            if (context.Request.Cookies[PersonAuthentication.OperatorCookie] is { Length: > 0 } session)
            {
                await tokens.RevokeAsync(session);
                context.Response.Cookies.Delete(PersonAuthentication.OperatorCookie);
            }

            return SeeOther(context, "/");
        }).ExcludeFromDescription();
    }

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

    private static IResult Page(string body, int status = 200) => Results.Content(
        $$"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <meta name="robots" content="noindex">
        <title>Operator · Sandbox</title>
        <link rel="icon" href="/images/favicon.svg" type="image/svg+xml">
        <style>
        :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
        body { margin: 15vh auto; max-width: 26rem; padding: 0 1rem }
        button { font: inherit; padding: .5rem 1.25rem; cursor: pointer }
        </style>
        </head>
        <body>
        <h1>Sandbox</h1>
        {{body}}
        </body>
        </html>
        """,
        "text/html; charset=utf-8",
        statusCode: status);
}
