namespace Sandbox.Web.Errands;

internal static class ErrandSetup
{
    public static void AddErrands(this IServiceCollection services) => services.AddSingleton<ErrandSandboxes>();
}
