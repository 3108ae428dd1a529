namespace Sandbox.Web.Builds;

internal static class BuildSetup
{
    public static void AddBuilds(this IServiceCollection services)
    {
        services.AddSingleton<OwnImages>();
        services.AddSingleton<ImageBuilds>();
    }
}
