namespace Sandbox.Web.Leases;

internal static class LeaseSetup
{
    public static void AddLeases(this IServiceCollection services)
    {
        services.AddSingleton<LeaseSweeper>();
        services.AddHostedService(provider => provider.GetRequiredService<LeaseSweeper>());
        services.AddHostedService<RuntimeReconciler>();
    }
}
