namespace Sandbox.Web.Components;

/// <summary>The pages.</summary>
public static class PagesSetup
{
    public static void AddPages(this WebApplicationBuilder builder) => builder.Services.AddRazorComponents().AddInteractiveServerComponents();

    public static void MapPages(this WebApplication app) => app.UseAntiforgery();
}
