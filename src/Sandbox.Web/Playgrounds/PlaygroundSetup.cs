using Sandbox.Web.Files;

namespace Sandbox.Web.Playgrounds;

internal static class PlaygroundSetup
{
    public static void AddPlaygrounds(this IServiceCollection services)
    {
        services.AddSingleton<LaunchesUnderway>();
        services.AddSingleton<SandboxStates>();
        services.AddSingleton<Admission>();
        services.AddSingleton<Launcher>();
        services.AddSingleton<Endings>();
        services.AddSingleton<OwnedPlaygrounds>();
        services.AddSingleton<CommandPace>();
        services.AddSingleton<Listings>();
        services.AddSingleton<IPlaygrounds>(provider => provider.GetRequiredService<OwnedPlaygrounds>());
    }
}
