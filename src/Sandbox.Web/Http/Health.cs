using System.Net;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Web.Store;

namespace Sandbox.Web.Http;

/// <summary>What watches us asks here. Numbers are for this host only: they say how busy it is.</summary>
internal static class Health
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/healthz", () => Results.Text("ok\n")).ExcludeFromDescription();
        app.MapGet("/readyz", ReadyAsync).ExcludeFromDescription();
    }

    /// <summary>Before anything believes a proxy's headers: who speaks to us directly.</summary>
    public static void UseLocalMetrics(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (context.Request.Path.StartsWithSegments("/metrics", StringComparison.OrdinalIgnoreCase)
            && !IsLocal(context))
        {
            await context.WriteProblemAsync(404, "not_found", "There is nothing at this address.");
            return;
        }

        await next(context);
    });

    /// <summary>
    /// A proxy on this host speaks from loopback too, and a page elsewhere can have a browser here ask under a name of
    /// its own that leads to us (DNS rebinding): such a request is not a local one either.
    /// </summary>
    private static bool IsLocal(HttpContext context)
    {
        var headers = context.Request.Headers;
        var host = context.Request.Host.Host;
        return context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
            && !headers.ContainsKey("X-Forwarded-For") && !headers.ContainsKey("X-Forwarded-Host") && !headers.ContainsKey("Forwarded") && !headers.ContainsKey("Via")
            && (string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address)));
    }

    private static async Task<IResult> ReadyAsync(SqliteStore store, ISandboxRuntime runtime, HttpContext context)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(Patience);
        try
        {
            await store.ReadAsync(db => db.Plans.AnyAsync(patience.Token));
            await runtime.GetInfoAsync(patience.Token);
            return Results.Text("ready\n");
        }
        catch (Exception fault) when (fault is SandboxException or OperationCanceledException or System.Data.Common.DbException)
        {
            await context.WriteProblemAsync(503, "runtime_unavailable", fault is System.Data.Common.DbException ? "The database does not answer." : "The daemon does not answer.");
            return Results.Empty;
        }
    }
}
