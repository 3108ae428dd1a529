using MudBlazor.Services;

namespace Sandbox.Web.Components;

/// <summary>The pages: public ones rendered once on the server, and the operator's interactive area.</summary>
public static class PagesSetup
{
    /// <summary>Registers what the pages need; the catalog, the playgrounds and the operator's interface come from elsewhere.</summary>
    public static void AddPages(this WebApplicationBuilder builder)
    {
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddCascadingAuthenticationState();
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddMudServices();
    }

    /// <summary>Maps the pages and their files. Called after everything that decides who a request is from.</summary>
    public static void MapPages(this WebApplication app)
    {
        // Programs get problem+json from the API; only people get pages about errors.
        app.UseWhen(IsForPeople, pages =>
        {
            pages.UseExceptionHandler("/error", createScopeForErrors: true);
            pages.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        });
        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
    }

    private static bool IsForPeople(HttpContext context)
    {
        var path = context.Request.Path;
        return HttpMethods.IsGet(context.Request.Method)
            && !path.StartsWithSegments("/api", StringComparison.Ordinal)
            && !path.StartsWithSegments("/hubs", StringComparison.Ordinal)
            && !path.StartsWithSegments("/_blazor", StringComparison.Ordinal)
            && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
    }
}
