namespace Sandbox.Web.Volumes;

internal static class VolumeSetup
{
    public static void AddVolumes(this IServiceCollection services) => services.AddSingleton<OwnedVolumes>();
}
