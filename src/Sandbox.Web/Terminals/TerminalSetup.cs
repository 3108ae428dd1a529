using MessagePack.Resolvers;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Sandbox.Web.Sharing;

namespace Sandbox.Web.Terminals;

internal static class TerminalSetup
{
    private const int MostReceived = 64 * 1024;

    /// <summary>A slow Open must not hold back Resize, Ack and Close of the same client.</summary>
    private const int ParallelCalls = 8;

    /// <summary>What the hub sends besides plain texts and numbers.</summary>
    private static readonly MessagePack.IFormatterResolver Resolver = CompositeResolver.Create(
        [
            new TerminalItemFormatter(),
            new AudienceItemFormatter(),
            new SharedTerminalFormatter(),
        ],
        [StandardResolver.Instance]);

    public static void AddTerminals(this IServiceCollection services)
    {
        services.AddSingleton<TerminalDirectory>();
        services.AddSingleton<HubConnections>();
        services.AddSingleton<TerminalOpens>();
        services.AddSingleton<TerminalFollowers>();
        services.AddSingleton<TerminalStreams>();
        services.AddSingleton<HubFaults>();
        services.AddSingleton<Audiences>();
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

        // The last one of a name counts.
        services.AddSingleton<IHubProtocol>(provider => new OneBlockProtocol(ActivatorUtilities.CreateInstance<MessagePackHubProtocol>(provider)));
    }

    public static void MapTerminals(this IEndpointRouteBuilder app) =>
        app.MapHub<TerminalHub>("/hubs/terminal", options =>
        {
            options.TransportMaxBufferSize = 2 * MostReceived;
            options.ApplicationMaxBufferSize = 2 * MostReceived;
        });
}
