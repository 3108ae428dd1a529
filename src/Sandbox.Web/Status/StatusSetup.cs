namespace Sandbox.Web.Status;

internal static class StatusSetup
{
    public static void AddStatus(this IServiceCollection services) => services.AddSingleton<ServiceStatus>();

    public static void MapStatus(this IEndpointRouteBuilder app)
    {
        // Its `since` is the start of the process, not the first request.
        app.ServiceProvider.GetRequiredService<ServiceStatus>();
        app.MapGet("/api/v1/status", (ServiceStatus status) => status.GetAsync())
            .Produces<StatusView>().WithTags("status").WithSummary("Get the server's status")
            .WithDescription("Latencies are milliseconds from real traffic since the service started: p50 and p99 of the last hour and the last 24 hours, null while there was none. Nothing in it tells who did what.");
    }
}
