using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.Tunnels;

internal static class TunnelSetup
{
    /// <summary>A client that cannot be reached is noticed after both. Pings also keep proxies from ending quiet connections.</summary>
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PongPatience = TimeSpan.FromSeconds(60);

    public static void AddTunnels(this IServiceCollection services)
    {
        services.AddSingleton<TunnelTokens>();
        services.AddSingleton<TunnelPace>();
        services.AddSingleton<OpenTunnels>();
        services.AddSingleton<IWhenPlaygroundEnds>(provider => provider.GetRequiredService<OpenTunnels>());
    }

    /// <summary>After authentication, and before a request without a person is refused.</summary>
    public static void UseTunnels(this IApplicationBuilder app)
    {
        app.Use((context, next) => TunnelAccess.AuthenticateAsync(context, next));
        app.UseWhen(
            context => context.GetEndpoint()?.Metadata.GetMetadata<TunnelAccess>() is not null,
            tunnels => tunnels.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Ping, KeepAliveTimeout = PongPatience }));
    }
}
