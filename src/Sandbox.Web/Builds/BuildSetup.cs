using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.Builds;

internal static class BuildSetup
{
    public static void AddBuilds(this IServiceCollection services)
    {
        services.AddSingleton<OwnImages>();
        services.AddSingleton<LayerCache>();
        services.AddSingleton<ImageBuilds>();
        services.AddSingleton<IBuildsImages, BuiltImages>();
    }
}
