namespace Sandbox.Web.Catalog;

internal static class CatalogSetup
{
    public static void AddCatalog(this IServiceCollection services)
    {
        services.AddSingleton<ArchiveUploads>();
        services.AddSingleton<ImageUse>();
        services.AddSingleton<ImageCatalog>();
        services.AddSingleton<IsolationChoice>();
        services.AddSingleton<PersonImages>();
        services.AddHostedService<CatalogMaker>();
        services.AddHostedService<CatalogOffer>();
    }
}
