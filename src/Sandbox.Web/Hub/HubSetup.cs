using MessagePack.Resolvers;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Sandbox.Web.People;
using Sandbox.Web.Sharing;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Hub;

internal static class HubSetup
{
    private const int MostReceived = 64 * 1024;

    /// <summary>A slow Open must not hold back Resize, Ack and Close of the same client.</summary>
    private const int ParallelCalls = 8;

    /// <summary>Formatters of everything the hub sends besides strings and numbers.</summary>
    private static readonly MessagePack.IFormatterResolver Resolver = CompositeResolver.Create(
        [
            new TerminalItemFormatter(),
            new AudienceItemFormatter(),
            new SharedTerminalFormatter(),
        ],
        [StandardResolver.Instance]);

    public static void AddHub(this IServiceCollection services)
    {
        services.AddSingleton<HubConnections>();
        services.AddSingleton<HubNotices>();
        services.AddSingleton<TerminalOpens>();
        services.AddSingleton<OutputPaces>();
        services.AddSingleton<TerminalStreams>();
        services.AddSingleton<HubFaults>();
        services.AddAuthorizationBuilder()
            .AddPolicy(TerminalHub.Policy, policy => policy.RequireAssertion(caller => caller.User.Person() is not null || SharePass.Of(caller.User) is not null));
        services.AddSignalR()
            .AddHubOptions<TerminalHub>(hub =>
            {
                hub.MaximumReceiveMessageSize = MostReceived;
                hub.MaximumParallelInvocationsPerClient = ParallelCalls;
                hub.AddFilter<HubFaults>();
            })
            .AddMessagePackProtocol(protocol => protocol.SerializerOptions = protocol.SerializerOptions
                .WithResolver(Resolver)
                .WithSecurity(MessagePack.MessagePackSecurity.UntrustedData));

        // SignalR uses the last protocol registered under a name.
        services.AddSingleton<IHubProtocol>(provider => new OneBlockProtocol(ActivatorUtilities.CreateInstance<MessagePackHubProtocol>(provider)));
    }

    public static void MapHub(this IEndpointRouteBuilder app)
    {
        app.MapTerminals();
        app.ServiceProvider.GetRequiredService<TerminalFollowers>().Announcement = app.ServiceProvider.GetRequiredService<HubNotices>().RecordingAsync;
        app.MapHub<TerminalHub>("/hubs/terminal", options =>
        {
            options.TransportMaxBufferSize = 2 * MostReceived;
            options.ApplicationMaxBufferSize = 2 * MostReceived;
        });
    }
}
