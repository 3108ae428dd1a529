using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Sandbox.Web.Registry;

internal static class RegistrySetup
{
    /// <summary>The registry of people's own images, as sandboxes call it. The image <c>docker</c> is configured for it.</summary>
    public const string NameInSandboxes = "registry.internal:5000";

    // https://man7.org/linux/man-pages/man7/ip.7.html
    private const int IpLevel = 0;
    private const int FreeBind = 15;

    public static void AddRegistry(this IServiceCollection services)
    {
        services.AddSingleton<RegistryPasses>();
        services.AddSingleton<RegistrySignIn>();
        services.AddSingleton<RegistryStores>();
        services.AddSingleton(provider => PushRoom.Of(provider.GetRequiredService<WebOptions>()));
        services.AddSingleton<PushAllowance>();
        services.AddSingleton<LooseManifests>();
        services.AddSingleton<PushedImages>();
        services.AddSingleton<SharedImages>();
        services.AddSingleton<OwnImageOffer>();
        services.AddHostedService(provider => provider.GetRequiredService<OwnImageOffer>());
        services.AddSingleton<RegistryProxy>();
    }

    /// <summary>The socket for sandboxes, whose address the host may have only later: the daemon adds it.</summary>
    public static Socket Listen(EndPoint endpoint, WebOptions options)
    {
        if (options.RegistryDoor.Length == 0 || !endpoint.Equals(IPEndPoint.Parse(options.RegistryDoor)))
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }

        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetRawSocketOption(IpLevel, FreeBind, BitConverter.GetBytes(1));
        socket.Bind(endpoint);
        return socket;
    }

    /// <summary>First of all: nothing of our own is there for sandboxes.</summary>
    public static void UseRegistryForSandboxes(this WebApplication app)
    {
        var proxy = app.Services.GetRequiredService<RegistryProxy>();
        app.Use((context, next) => proxy.HandleSandboxesAsync(context, next));
    }

    /// <summary>After the previews, which have registries of their own, and before everything that reads our own tokens.</summary>
    public static void UseRegistry(this WebApplication app)
    {
        var proxy = app.Services.GetRequiredService<RegistryProxy>();
        app.Use((context, next) => proxy.HandleAsync(context, next));
    }
}
