using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Web.Http;
using Sandbox.Web.People;

namespace Sandbox.Web.Operators;

/// <summary>The plan and the limits to give a person.</summary>
internal sealed record SavePerson(string Plan, int? MaxPlaygrounds = null);

/// <summary>The reason that the playground's owner reads.</summary>
internal sealed record EndPlayground(string Reason);

/// <summary>The reason that the person reads.</summary>
internal sealed record SuspendPerson(string Reason);

internal static class AdminEndpoints
{
    private const long MostJson = 16 * 1024;

    public static void MapAdmin(this IEndpointRouteBuilder app)
    {
        var admin = app.MapGroup("/api/v1/admin").RequireAuthorization(CallerClaims.OperatorPolicy).WithTags("operator").ProducesProblems(403);
        admin.MapGet("playgrounds", (OperatorDesk desk, CancellationToken cancellationToken) => desk.RunningAsync(cancellationToken))
            .WithSummary("Who runs what");
        admin.MapPost("playgrounds/{id}/end", async (string id, HttpContext context, OperatorDesk desk) =>
            {
                var request = await context.ReadJsonAsync<EndPlayground>(MostJson);
                await desk.EndAsync(context.RequirePerson(), id, request.Reason, context.RequestAborted);
                return Results.NoContent();
            })
            .Accepts<EndPlayground>("application/json").Produces(204).ProducesProblems(400, 404).WithSummary("End anybody's playground").WithDescription("End anybody's playground; its owner reads the reason.");
        admin.MapGet("plans", (OperatorDesk desk, CancellationToken cancellationToken) => desk.PlansAsync(cancellationToken))
            .WithSummary("The plans");
        admin.MapPut("plans/{name}", async (string name, HttpContext context, OperatorDesk desk) =>
            {
                var plan = await context.ReadJsonAsync<PlanView>(MostJson);
                if (plan.Name != name)
                {
                    throw new SandboxException(ErrorCode.Invalid, "name: the one in the address");
                }

                await desk.SavePlanAsync(context.RequirePerson(), plan);
                return Results.NoContent();
            })
            .Accepts<PlanView>("application/json").Produces(204).ProducesProblems(400, 409, 503).WithSummary("Make or change a plan").WithDescription("Applies to new launches. isolation_unavailable (409): this host cannot start the isolation class.");
        admin.MapGet("people", (OperatorDesk desk, CancellationToken cancellationToken) => desk.PeopleAsync(cancellationToken))
            .WithSummary("The people, last seen first");
        admin.MapPut("people/{id}", async (string id, HttpContext context, OperatorDesk desk) =>
            {
                var request = await context.ReadJsonAsync<SavePerson>(MostJson);
                await desk.SavePersonAsync(context.RequirePerson(), id, request.Plan, request.MaxPlaygrounds);
                return Results.NoContent();
            })
            .Accepts<SavePerson>("application/json").Produces(204).ProducesProblems(400, 404).WithSummary("Change a person's limits").WithDescription("Give a person another plan, or a limit of their own.");
        admin.MapPost("people/{id}/suspend", async (string id, HttpContext context, SuspensionDesk desk) =>
            {
                var request = await context.ReadJsonAsync<SuspendPerson>(MostJson);
                await desk.SuspendAsync(context.RequirePerson(), id, request.Reason);
                return Results.NoContent();
            })
            .Accepts<SuspendPerson>("application/json").Produces(204).ProducesProblems(400, 404, 409).WithSummary("Suspend a person").WithDescription("Ends their playgrounds and refuses their requests from now on; they read the reason.");
        admin.MapPost("people/{id}/reinstate", async (string id, HttpContext context, SuspensionDesk desk) =>
            {
                await desk.ReinstateAsync(context.RequirePerson(), id);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithSummary("Lift a suspension");
        admin.MapAudit();
        admin.MapGet("host", async (ISandboxRuntime runtime, CancellationToken cancellationToken) => HostView.From(await runtime.GetInfoAsync(cancellationToken)))
            .ProducesProblems(503).WithSummary("What isolates sandboxes on this host, and how much of it is left").WithDescription("Each check was tried when the daemon started. RequiredIsolation in daemon.json names those without which it does not start. While capacity has a refusal, nothing is started; its acts are what was done to sandboxes for it.");
    }
}
