namespace Sandbox.Web.Embeds;

internal static class EmbedSetup
{
    public static void AddEmbeds(this IServiceCollection services)
    {
        services.AddSingleton<EmbedAccess>();
        services.AddSingleton<Handovers>();
        services.AddSingleton<Departures>();
        services.AddHostedService(provider => provider.GetRequiredService<Departures>());
    }

    public static void MapEmbeds(this IEndpointRouteBuilder app) => app.MapHandovers();
}
