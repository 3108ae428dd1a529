using Microsoft.AspNetCore.Authentication;
using Sandbox.Web.Http;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;

namespace Sandbox.Web.Sharing;

internal static class SharingSetup
{
    public static void AddSharing(this IServiceCollection services)
    {
        services.AddSingleton<ShareVisits>();
        services.AddSingleton<ShareLinks>();
        services.AddSingleton<IWhenPlaygroundEnds>(provider => provider.GetRequiredService<ShareVisits>());
        services.AddHostedService<ShareSweeper>();
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, ShareAuthentication>(ShareAuthentication.SchemeName, null);
        services.Configure<AuthenticationSchemeOptions>(CallerClaims.Scheme, caller =>
        {
            // Only authentication depends on the token; refusals are the same for everybody.
            caller.ForwardDefaultSelector = ShareAuthentication.SchemeFor;
            caller.ForwardChallenge = caller.ForwardForbid = CallerClaims.Scheme;
        });
    }

    /// <summary>Tells the holder of a link that is over why it is.</summary>
    public static void UseShares(this IApplicationBuilder app) => app.Use((context, next) =>
        ShareAuthentication.RefusalOf(context) is { } refusal ? context.WriteProblemAsync(refusal.Status, refusal.Code, refusal.Detail) : next(context));
}
