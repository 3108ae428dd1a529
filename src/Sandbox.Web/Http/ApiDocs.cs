namespace Sandbox.Web.Http;

/// <summary>The contract for programs: /openapi/v1.json, and the same for people at /docs/api.</summary>
internal static class ApiDocs
{
    /// <summary>One file for script and one for the page: the policy of this origin runs no inline script.</summary>
    private const string Page =
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>API · Sandbox</title>
        <link rel="icon" href="/images/favicon.svg" type="image/svg+xml">
        </head>
        <body>
        <div id="app"></div>
        <script src="/docs/reference/scalar.js"></script>
        <script src="/docs/api/start.js"></script>
        </body>
        </html>
        """;

    private const string Start =
        """
        Scalar.createApiReference("#app", { url: "/openapi/v1.json", withDefaultFonts: false, telemetry: false, hideClientButton: true, showDeveloperTools: "never", agent: { disabled: true }, mcp: { disabled: true } });
        """;

    public static void MapApiDocs(this WebApplication app)
    {
        app.MapOpenApi();
        Scalar.AspNetCore.ScalarEndpointRouteBuilderExtensions.MapScalarApiReference(app, "/docs/reference");
        app.MapGet("/docs/api", () => Results.Content(Page, "text/html; charset=utf-8")).ExcludeFromDescription();
        app.MapGet("/docs/api/start.js", () => Results.Content(Start, "text/javascript; charset=utf-8")).ExcludeFromDescription();
    }

    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.Produces<Problem>(status, "application/problem+json");
        }

        return endpoint;
    }
}
