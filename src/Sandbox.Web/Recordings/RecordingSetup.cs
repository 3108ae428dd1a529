namespace Sandbox.Web.Recordings;

internal static class RecordingSetup
{
    public static void AddRecordings(this IServiceCollection services)
    {
        services.AddSingleton<RecordingFiles>();
        services.AddSingleton<RecordingSpace>();
        services.AddSingleton<OldRecordings>();
        services.AddSingleton<RecordingReaders>();
        services.AddSingleton<RunningRecordings>();
        services.AddSingleton<OwnedRecordings>();
        services.AddSingleton<RecordingKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<RecordingKeeper>());
    }
}
