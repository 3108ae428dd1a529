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
            <h1>Sign in as an operator</h1>
            <p>This browser will be signed in for 12 hours.</p>
            <form method="post" action="/admin/sign-in">
            <input type="hidden" name="token" value="{HtmlEncoder.Default.Encode(token ?? "")}">
            <button class="button primary">Sign in</button>
            </form>
            """)).ExcludeFromDescription();

        app.MapPost("/admin/sign-in", async (HttpContext context, SignInLinks links) =>
        {
            var form = await ReadFormAsync(context);
            if (await links.SignInAsync(form["token"].ToString()) is not { } session)
            {
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
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="robots" content="noindex">
        <title>Operator · Sandbox</title>
        <link rel="icon" href="/images/favicon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/dist/site.css">
        </head>
        <body>
        <header class="site-header"><div class="wrap">
        <a class="brand" href="/"><svg class="icon" aria-hidden="true"><use href="/images/icons.svg#brand"></use></svg><span>sandbox</span></a>
        </div></header>
        <main id="main"><div class="wrap page"><div class="empty">
        {{body}}
        </div></div></main>
        </body>
        </html>
        """,
        "text/html; charset=utf-8",
        statusCode: status);
}
