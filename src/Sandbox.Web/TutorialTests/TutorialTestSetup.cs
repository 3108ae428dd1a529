namespace Sandbox.Web.TutorialTests;

internal static class TutorialTestSetup
{
    public static void AddTutorialTests(this IServiceCollection services)
    {
        services.AddSingleton<TutorialTester>();
        services.AddHostedService<TutorialTestSchedule>();
    }
}
