using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Http;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Links;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;

namespace Sandbox.Web.Receipts;

/// <summary>The isolation receipt of a sandbox: what keeps it apart from others.</summary>
internal static class ReceiptEndpoint
{
    public static void MapReceipts(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/v1/sandboxes/{id}/isolation", GetAsync).WithTags("sandboxes")
            .Produces<ReceiptView>().ProducesProblems(404, 409, 503)
            .WithSummary("What keeps the sandbox apart")
            .WithDescription("Its isolation class and the others that there are, the checks that this server made for it when it started, its limits, and what its network reaches.");

    private static async Task<ReceiptView> GetAsync(string id, HttpContext context, Ownership ownership, SqliteStore store, ISandboxRuntime runtime, OwnSurroundings surroundings)
    {
        var sandbox = SandboxEndpoints.Id(id);
        await ownership.RequireAsync(context.RequirePerson(), sandbox);
        var row = await store.ReadAsync(db => db.Sandboxes.AsNoTracking().SingleOrDefaultAsync(found => found.Id == sandbox.Value, context.RequestAborted));

        // The runtime's word counts: plans and images may have changed since the start.
        var found = await runtime.Sandboxes.FindAsync(sandbox, context.RequestAborted);
        if (row is null || found is not { State: not (SandboxState.Starting or SandboxState.Ended) })
        {
            throw new SandboxException(ErrorCode.Conflict, "This sandbox does not run yet, or has ended.");
        }

        if (found is not { Isolation: { } isolation, Limits: { } limits })
        {
            throw new SandboxException(ErrorCode.Conflict, "An earlier version of the server started this sandbox, and did not record how it is kept apart. A new playground shows it.");
        }

        var info = await surroundings.InfoAsync(context.RequestAborted);
        return new ReceiptView(
            sandbox.Value,
            row.Name,
            isolation,
            ReceiptWords.Classes(isolation, info.Capabilities.IsolationClasses, info.Checks),
            ReceiptWords.Checks(isolation, info.Checks),
            new ReceiptLimitsView(limits.MemoryBytes, limits.Cpus, limits.DiskBytes, limits.Inodes, limits.Pids),
            ReceiptWords.Network(row.Policy));
    }
}
