namespace Sandbox.Web.Latency;

internal static class LatencySetup
{
    public static void AddLatency(this IServiceCollection services) => services.AddSingleton<LiveLatency>();
}
