namespace Sandbox.Web.Repositories;

internal static class RepositorySetup
{
    public static void AddRepositories(this IServiceCollection services)
    {
        services.AddSingleton<RepositoryReader>();
        services.AddSingleton<Readings>();
        services.AddSingleton<RepositoryLinks>();
        services.AddSingleton<RepositoryTutorials>();
    }
}
