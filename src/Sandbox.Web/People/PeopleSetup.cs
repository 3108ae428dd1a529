using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Sandbox.Web.Http;

namespace Sandbox.Web.People;

internal static class PeopleSetup
{
    public static void AddPeople(this IServiceCollection services, WebOptions options)
    {
        services.AddDataProtection()
            .SetApplicationName("sandbox")
            .PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(options.DataDirectory, "keys")));
        services.AddSingleton<BearerTokens>();
        services.AddSingleton<Guests>();
        services.AddSingleton<GuestAddresses>();
        services.AddSingleton<Suspensions>();
        services.AddSingleton<Revocations>();
        services.AddAuthentication(CallerClaims.Scheme).AddScheme<AuthenticationSchemeOptions, PersonAuthentication>(CallerClaims.Scheme, null);
        services.AddAuthorizationBuilder()
            .AddPolicy(CallerClaims.PersonPolicy, policy => policy.RequireClaim(CallerClaims.PersonClaim))
            .AddPolicy(CallerClaims.OperatorPolicy, policy => policy.RequireRole(CallerClaims.OperatorRole));
    }

    /// <summary>
    /// An invalid token is 401, not anonymous: its sender believes they are signed in. A browser without a cookie becomes
    /// a guest with its first page, so that the requests of that page belong to one person.
    /// </summary>
    public static void UseCaller(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var request = context.Request;
        if (context.User.Person() is null)
        {
            // Authenticated without being a person: the holder of a link.
            if (context.User.Identity is { IsAuthenticated: true })
            {
                await next(context);
                return;
            }

            if (RequestToken.Of(request) is not null)
            {
                await context.WriteProblemAsync(401, "unauthorized", "This token is invalid or has expired.");
                return;
            }

            if (PagePolicy.Of(context).IssuesCookies && HttpMethods.IsGet(request.Method) && !context.IsForPrograms() && request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
            {
                context.RequestServices.GetRequiredService<Guests>().Ensure(context);
            }
        }
        else if (context.User.Person() is { } person && context.RequestServices.GetRequiredService<Suspensions>().RefusalOf(person) is { } refusal && PagePolicy.Of(context) != PagePolicy.Asset)
        {
            await RefuseAsync(context, refusal);
            return;
        }

        await next(context);
    });

    /// <summary>What styles the page of the refusal is still sent.</summary>
    private static Task RefuseAsync(HttpContext context, string refusal)
    {
        if (context.IsForPrograms() || !context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
        {
            return context.WriteProblemAsync(403, Suspensions.Code, refusal);
        }

        context.Features.Set(new WrittenProblem(Suspensions.Code, refusal));
        return PlainPage.Of("Suspended", $"<h1>Your account is suspended</h1><p>{HtmlEncoder.Default.Encode(refusal)}</p>", 403).ExecuteAsync(context);
    }
}
