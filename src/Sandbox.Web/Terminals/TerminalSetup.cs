using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.Terminals;

internal static class TerminalSetup
{
    public static void AddTerminals(this IServiceCollection services)
    {
        services.AddSingleton<TerminalDirectory>();
        services.AddSingleton<TerminalFollowers>();
        services.AddSingleton<Audiences>();
        services.AddSingleton<IWhenPlaygroundEnds>(provider => provider.GetRequiredService<TerminalDirectory>());
        services.AddSingleton<IWhenPlaygroundEnds>(provider => provider.GetRequiredService<Audiences>());
    }
}
