using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.TutorialRuns;

internal static class TutorialRunSetup
{
    public static void AddTutorialRuns(this IServiceCollection services)
    {
        services.AddSingleton<Runs>();
        services.AddSingleton<RunScripts>();
        services.AddSingleton<BlockWrites>();
        services.AddSingleton<OpenTerminals>();
        services.AddSingleton<Checkpoints>();
        services.AddSingleton<PageTexts>();
        services.AddSingleton<RunSteps>();
        services.AddSingleton<RunJumps>();
        services.AddSingleton<RunReports>();
        services.AddHostedService<RunSweeper>();
        services.AddSingleton<TutorialLaunches>();
        services.AddSingleton<IOrdersTutorials>(provider => provider.GetRequiredService<TutorialLaunches>());
        services.AddSingleton<IPreparesPlaygrounds, RunPreparation>();
    }
}
