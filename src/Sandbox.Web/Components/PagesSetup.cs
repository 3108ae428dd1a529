using Microsoft.AspNetCore.Diagnostics;
using MudBlazor.Services;
using Sandbox.Core.Errors;
using Sandbox.Web.Components.Frames;
using Sandbox.Web.Http;
using Sandbox.Web.People;

namespace Sandbox.Web.Components;

/// <summary>The pages: public ones rendered once on the server, and the operator's interactive area.</summary>
public static partial class PagesSetup
{
    /// <summary>Registers what the pages need; the catalog, the playgrounds and the operator's interface come from elsewhere.</summary>
    public static void AddPages(this WebApplicationBuilder builder)
    {
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddCascadingAuthenticationState();
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddMudServices();
        builder.Services.AddSingleton<FrameAssets>();
        builder.Services.AddSingleton<FrameSubjects>();
    }

    /// <summary>Maps the pages and their files. Called after everything that decides who a request is from.</summary>
    public static void MapPages(this WebApplication app)
    {
        // Programs get problem+json from the API; only people get pages about errors.
        app.UseStatusCodePagesWithReExecute("/status/{0}", createScopeForStatusCodePages: true);
        // The page of a status has its own policy, not that of the endpoint that failed.
        app.UseAnswerHeaders();
        app.Use(AnswerPeopleAsync);
        app.Use(RefuseCircuitsAsync);
        app.UseAntiforgery();
        app.MapStaticAssets().WithPagePolicy(PagePolicy.Asset);
        app.MapFrames();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(server => server.ContentSecurityFrameAncestorsPolicy = "'none'").WithPagePolicy(PagePolicy.Site);
    }

    /// <summary>A page that breaks becomes a status without a body, which the step before turns into a page.</summary>
    private static async Task AnswerPeopleAsync(HttpContext context, RequestDelegate next)
    {
        if (!IsForPeople(context))
        {
            context.Features.Get<IStatusCodePagesFeature>()?.Enabled = false;
            await next(context);
            return;
        }

        try
        {
            await next(context);
        }
        catch (Exception fault) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            Log.PageBroken(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(PagesSetup)), fault, context.Request.Path);
            context.Response.StatusCode = fault is SandboxException known ? ErrorCodes.Status(known.Code) : StatusCodes.Status500InternalServerError;
        }
    }

    /// <summary>A circuit is memory that somebody else's browser holds here. Only the operator's area has any, so nobody else gets one.</summary>
    private static Task RefuseCircuitsAsync(HttpContext context, RequestDelegate next) =>
        context.Request.Path.StartsWithSegments("/_blazor", StringComparison.OrdinalIgnoreCase) && !context.User.IsInRole(CallerClaims.OperatorRole)
            ? context.WriteProblemAsync(404, "not_found", "There is nothing at this address.")
            : next(context);

    private static bool IsForPeople(HttpContext context)
    {
        var path = context.Request.Path;
        return HttpMethods.IsGet(context.Request.Method)
            && !path.StartsWithSegments("/api", StringComparison.Ordinal)
            && !path.StartsWithSegments("/hubs", StringComparison.Ordinal)
            && !path.StartsWithSegments("/_blazor", StringComparison.Ordinal)
            && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The page {Path} broke")]
        public static partial void PageBroken(ILogger logger, Exception fault, string path);
    }
}
