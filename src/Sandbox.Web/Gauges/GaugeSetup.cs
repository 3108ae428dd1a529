using Prometheus;

namespace Sandbox.Web.Gauges;

internal static class GaugeSetup
{
    public static void AddGauges(this IServiceCollection services) => services.AddSingleton<LoadGauges>();

    /// <summary>The numbers of .NET, then ours.</summary>
    public static void MapGauges(this IEndpointRouteBuilder app) => app.MapGet("/metrics", async (HttpContext context, LoadGauges load) =>
    {
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await Metrics.DefaultRegistry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted);
        await load.WriteAsync(context.Response.Body, context.RequestAborted);
    }).ExcludeFromDescription();
}
