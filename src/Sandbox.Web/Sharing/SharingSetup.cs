namespace Sandbox.Web.Sharing;

internal static class SharingSetup
{
    public static void AddSharing(this IServiceCollection services)
    {
        services.AddSingleton<ShareVisits>();
        services.AddSingleton<ShareLinks>();
        services.AddHostedService<ShareSweeper>();
    }
}
