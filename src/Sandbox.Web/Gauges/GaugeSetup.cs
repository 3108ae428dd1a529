using Prometheus;

namespace Sandbox.Web.Gauges;

internal static class GaugeSetup
{
    public static void AddGauges(this IServiceCollection services) => services.AddSingleton<LoadGauges>();

    /// <summary>The numbers of .NET, then ours. The page is written when it is complete: what fails leaves no half of it.</summary>
    public static void MapGauges(this IEndpointRouteBuilder app) => app.MapGet("/metrics", async (HttpContext context, LoadGauges load) =>
    {
        using var page = new MemoryStream();
        if (!await load.TryAsync("process", () => Metrics.DefaultRegistry.CollectAndExportAsTextAsync(page, context.RequestAborted)))
        {
            page.SetLength(0);
        }

        await load.WriteAsync(page, context.RequestAborted);
        return Results.Bytes(page.ToArray(), "text/plain; version=0.0.4; charset=utf-8");
    }).ExcludeFromDescription();
}
