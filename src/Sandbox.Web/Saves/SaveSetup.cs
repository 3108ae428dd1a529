using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.Saves;

internal static class SaveSetup
{
    public static void AddSaves(this IServiceCollection services)
    {
        services.AddSingleton<PlaygroundSaves>();
        services.AddSingleton<ISavesPlaygrounds>(provider => provider.GetRequiredService<PlaygroundSaves>());
        services.AddSingleton<SavePace>();
    }
}
