namespace Sandbox.Web.Previews;

internal static class PreviewSetup
{
    public static void AddPreviews(this IServiceCollection services)
    {
        services.AddHttpForwarder();
        services.AddSingleton<PreviewDomain>();
        services.AddSingleton<PreviewPasses>();
        services.AddSingleton<PreviewProxy>();
    }

    /// <summary>First of all: nothing of our own pages applies to the origins of ports.</summary>
    public static void UsePreviews(this WebApplication app)
    {
        var proxy = app.Services.GetRequiredService<PreviewProxy>();
        app.Use((context, next) => proxy.HandleAsync(context, next));
    }
}
