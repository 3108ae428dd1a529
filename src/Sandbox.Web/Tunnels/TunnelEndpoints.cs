using System.Globalization;
using System.Net.Sockets;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Http;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Tunnels;

/// <summary>Where a tunnel leads, asked without an upgrade.</summary>
/// <param name="Listens">Whether a program listens there now.</param>
internal sealed record TunnelView(bool Listens);

/// <summary>A token that opens tunnels to one playground and nothing else of its person.</summary>
/// <param name="Token">Sent as Authorization: Bearer.</param>
/// <param name="ExpiresAt">When it ends, unless its playground ends before.</param>
internal sealed record TunnelToken(string Token, DateTimeOffset ExpiresAt);

internal static class TunnelEndpoints
{
    private const string How = " WebSocket: each carries one connection. A binary message is bytes of it in either direction; an empty one says that its sender sends no more. "
        + "A Close says why it ended: 1000 both have sent all, 4001 the program broke it off, 4002 nothing was sent for two hours, 4003 the playground has ended. "
        + "Without an upgrade the answer says whether a program listens. Takes an API token, or one of `POST /api/v1/playgrounds/{id}/tunnel-tokens`.";

    public static void MapTunnels(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/sandboxes/{id}").WithTags("ports");
        group.MapGet("ports/{port:int}/tunnel", PortAsync).WithMetadata(TunnelAccess.Metadata)
            .Produces<TunnelView>().ProducesProblems(400, 404, 409, 429, 502, 503).WithSummary("Connect to a port")
            .WithDescription("A program's own connection to a TCP port of the sandbox, also one that is open to the sandbox itself only." + How);
        group.MapGet("docker/tunnel", DockerAsync).WithMetadata(TunnelAccess.Metadata)
            .Produces<TunnelView>().ProducesProblems(404, 409, 429, 502, 503).WithSummary("Connect to the Docker daemon")
            .WithDescription("A connection to /run/docker.sock of the sandbox, for Docker's own client." + How);
        app.MapPost("/api/v1/playgrounds/{id}/tunnel-tokens", NewTokenAsync).WithTags("ports")
            .Produces<TunnelToken>(201).ProducesProblems(404).WithSummary("Create a tunnel's token")
            .WithDescription("For a program on another computer: it opens tunnels to the sandboxes of this playground and nothing else, for a day.");
        app.MapDelete("/api/v1/playgrounds/{id}/tunnel-tokens", RevokeAsync).WithTags("ports")
            .Produces(204).ProducesProblems(404).WithSummary("Revoke the tunnel's tokens")
            .WithDescription("All tokens made for tunnels to this playground, and the connections that are open through tunnels to it.");
    }

    private static async Task<IResult> RevokeAsync(string id, HttpContext context, OwnedPlaygrounds playgrounds, TunnelTokens tokens, OpenTunnels open)
    {
        var playground = Id(id);
        await playgrounds.FindAsync(context.RequirePerson(), playground, context.RequestAborted);
        await tokens.RevokeAsync(playground);
        open.Cut(playground);
        return Results.NoContent();
    }

    private static PlaygroundId Id(string id) =>
        PlaygroundId.TryParse(id, out var playground) ? playground : throw new SandboxException(ErrorCode.NotFound, "You have no such playground.");

    private static async Task<IResult> NewTokenAsync(string id, HttpContext context, OwnedPlaygrounds playgrounds, TunnelTokens tokens)
    {
        var playground = Id(id);
        var person = context.RequirePerson();
        if ((await playgrounds.FindAsync(person, playground, context.RequestAborted)).State == "ended")
        {
            throw new SandboxException(ErrorCode.NotFound, "This playground has ended.");
        }

        var (token, ends) = tokens.New(person, playground);
        return Results.Json(new TunnelToken(token, ends), statusCode: 201);
    }

    private static Task<IResult> PortAsync(string id, int port, HttpContext context, ISandboxRuntime runtime) =>
        port is < 1 or > 65_535
            ? throw new SandboxException(ErrorCode.Invalid, "port: 1 to 65535")
            : AnswerAsync(id, context, (sandbox, cancellation) => runtime.Ports.ConnectAsync(sandbox, port, cancellation), string.Create(CultureInfo.InvariantCulture, $"Nothing listens on port {port}. Start your server in the sandbox first."));

    private static Task<IResult> DockerAsync(string id, HttpContext context, ISandboxRuntime runtime) =>
        AnswerAsync(id, context, runtime.Ports.ConnectToDockerAsync, "No Docker daemon listens in this sandbox. The image Docker has one, which starts with the sandbox.");

    private static async Task<IResult> AnswerAsync(string id, HttpContext context, Func<SandboxId, CancellationToken, Task<NetworkStream?>> connect, string closed)
    {
        var services = context.RequestServices;
        var person = context.RequirePerson();
        var sandbox = SandboxEndpoints.Id(id);
        var playground = await services.GetRequiredService<Ownership>().RequireAsync(person, sandbox);
        if (TunnelAccess.PassOf(context) is { } pass && pass.Playground != playground)
        {
            throw new SandboxException(ErrorCode.NotFound, "This token is for another playground.");
        }

        services.GetRequiredService<TunnelPace>().Check(person);
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await using var tried = await connect(sandbox, context.RequestAborted);
            return Results.Json(new TunnelView(tried is not null));
        }

        using var place = services.GetRequiredService<OpenTunnels>().Enter(person, playground);
        await services.GetRequiredService<Ownership>().RequireAsync(person, sandbox); // it may have ended before it could be cut
        if (TunnelAccess.IsRevoked(context))
        {
            throw new SandboxException(ErrorCode.NotFound, "This token was revoked."); // after it was read, and before there was a connection to cut
        }

        await using var program = await connect(sandbox, context.RequestAborted);
        if (program is null)
        {
            await context.WriteProblemAsync(502, "port_closed", closed);
            return Results.Empty;
        }

        await CarryAsync(context, person, playground, program, place);
        return Results.Empty;
    }

    private static async Task CarryAsync(HttpContext context, PersonId person, PlaygroundId playground, NetworkStream program, OpenTunnels.Place place)
    {
        var services = context.RequestServices;
        services.GetRequiredService<Guests>().SawAgain(person);

        // An open connection counts as presence.
        using var visit = services.GetRequiredService<Presence>().Enter(playground);
        using var client = await context.WebSockets.AcceptWebSocketAsync();
        await new Tunnel(client, program, services.GetRequiredService<TimeProvider>()).RunAsync(place.Ended, context.RequestAborted);
    }
}
