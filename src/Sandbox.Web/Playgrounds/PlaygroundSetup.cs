using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.Playgrounds;

internal static class PlaygroundSetup
{
    public static void AddPlaygrounds(this IServiceCollection services)
    {
        services.AddSingleton<Presence>();
        services.AddSingleton<IWhenPlaygroundEnds>(provider => provider.GetRequiredService<Presence>());
        services.AddSingleton<LaunchesUnderway>();
        services.AddSingleton<Setups>();
        services.AddSingleton<PlaygroundLife>();
        services.AddSingleton<Ownership>();
        services.AddSingleton<SandboxStates>();
        services.AddSingleton<IWhenPlaygroundEnds>(provider => provider.GetRequiredService<SandboxStates>());
        services.AddSingleton<Admission>();
        services.AddSingleton<Launcher>();
        services.AddSingleton<LaunchQueue>();
        services.AddHostedService(provider => provider.GetRequiredService<LaunchQueue>());
        services.AddSingleton<QueueTotals>();
        services.AddSingleton<PlacesFreed>();
        services.AddSingleton<IWhenPlaygroundEnds>(provider => provider.GetRequiredService<PlacesFreed>());
        services.AddSingleton<Endings>();
        services.AddSingleton<OwnedPlaygrounds>();
        services.AddSingleton<CommandPace>();
    }
}
