namespace Sandbox.Web.Files;

internal static class FileSetup
{
    public static void AddFiles(this IServiceCollection services) => services.AddSingleton<Listings>();
}
