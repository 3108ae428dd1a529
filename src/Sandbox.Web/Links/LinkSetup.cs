namespace Sandbox.Web.Links;

internal static class LinkSetup
{
    public static void AddLinks(this IServiceCollection services)
    {
        services.AddSingleton<OwnSurroundings>();
        services.AddSingleton<Locks>();
        services.AddSingleton<OwnedLinks>();
        services.AddSingleton<Aliases>();
        services.AddSingleton<AliasCovers>();
        services.AddHostedService(provider => provider.GetRequiredService<AliasCovers>());
        services.AddSingleton<LinkEntrance>();
        services.AddSingleton<LinkList>();
        services.AddSingleton<LinkPace>();
        services.AddSingleton<LinkPrompts>();
        services.AddHostedService(provider => provider.GetRequiredService<LinkPrompts>());
    }
}
