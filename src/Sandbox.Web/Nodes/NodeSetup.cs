namespace Sandbox.Web.Nodes;

internal static class NodeSetup
{
    public static void AddNodes(this IServiceCollection services)
    {
        services.AddSingleton<NodeRecords>();
        services.AddSingleton<OwnedNodes>();
        services.AddHostedService(provider => provider.GetRequiredService<OwnedNodes>());
    }
}
