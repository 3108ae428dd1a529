namespace Sandbox.Web.Exports;

internal static class ExportSetup
{
    public static void AddExports(this IServiceCollection services)
    {
        services.AddSingleton<ExportPlaces>();
        services.AddSingleton<PlaygroundExports>();
    }
}
