using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Sandbox.Web.Http;
using Sandbox.Web.Sharing;

namespace Sandbox.Web.People;

internal static class PeopleSetup
{
    public static void AddPeople(this IServiceCollection services, WebOptions options)
    {
        services.AddDataProtection()
            .SetApplicationName("sandbox")
            .PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(options.DataDirectory, "keys")));
        services.AddSingleton<Tokens>();
        services.AddSingleton<Guests>();
        services.AddSingleton<AdminLinks>();
        services.AddSingleton<IOperator, OperatorDesk>();
        services.AddAuthentication(CallerClaims.Scheme).AddScheme<AuthenticationSchemeOptions, PersonAuthentication>(CallerClaims.Scheme, null);
        services.AddAuthorizationBuilder()
            .AddPolicy(CallerClaims.PersonPolicy, policy => policy.RequireClaim(CallerClaims.PersonClaim))
            .AddPolicy(CallerClaims.TerminalPolicy, policy => policy.RequireAssertion(caller => caller.User.Person() is not null || SharePass.Of(caller.User) is not null))
            .AddPolicy(CallerClaims.OperatorPolicy, policy => policy.RequireRole(CallerClaims.OperatorRole));
    }

    /// <summary>
    /// A bad token is refused rather than taken for nobody: its sender believes to be somebody. A browser that asks for
    /// a page is a guest from then on, so that what the page opens next knows whose it is.
    /// </summary>
    public static void UseCaller(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var request = context.Request;
        if (context.User.Person() is null)
        {
            if (SharePass.Of(context.User) is not null)
            {
                await next(context);
                return;
            }

            if (PersonAuthentication.ShareRefusalOf(context) is { } refusal)
            {
                await context.WriteProblemAsync(refusal.Status, refusal.Code, refusal.Detail);
                return;
            }

            if (PersonAuthentication.BearerToken(request) is not null)
            {
                await context.WriteProblemAsync(401, "unauthorized", "This token is not, or no longer, good.");
                return;
            }

            if (HttpMethods.IsGet(request.Method) && !context.IsForPrograms() && request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
            {
                context.RequestServices.GetRequiredService<Guests>().Ensure(context);
            }
        }

        await next(context);
    });
}
