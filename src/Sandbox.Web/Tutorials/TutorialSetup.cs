namespace Sandbox.Web.Tutorials;

internal static class TutorialSetup
{
    public static void AddTutorials(this IServiceCollection services)
    {
        services.AddSingleton<TutorialSources>();
        services.AddSingleton<TutorialPlaces>();
        services.AddSingleton<TutorialLibrary>();
        services.AddSingleton<TutorialPublishing>();
        services.AddSingleton<TutorialViews>();
        services.AddHostedService<ShippedTutorials>();
    }
}
