namespace Sandbox.Web.Catalog;

internal static class CatalogSetup
{
    public static void AddCatalog(this IServiceCollection services)
    {
        services.AddSingleton<Uploads>();
        services.AddSingleton<CatalogKeeper>();
        services.AddSingleton<ICatalog>(provider => provider.GetRequiredService<CatalogKeeper>());
        services.AddHostedService<CatalogMaker>();
    }
}
