namespace Sandbox.Web.LinkArchives;

internal static class LinkArchiveSetup
{
    public static void AddLinkArchives(this IServiceCollection services)
    {
        services.AddSingleton<LockArchiveWriting>();
        services.AddSingleton<LinkImports>();
    }
}
