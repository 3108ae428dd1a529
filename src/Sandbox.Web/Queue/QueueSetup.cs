using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.Queue;

internal static class QueueSetup
{
    public static void AddQueue(this IServiceCollection services)
    {
        services.AddSingleton<QueueBoard>();
        services.AddSingleton<IWhenPlaygroundEnds>(provider => provider.GetRequiredService<QueueBoard>());
    }
}
