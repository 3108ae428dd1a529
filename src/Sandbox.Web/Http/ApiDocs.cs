using Microsoft.OpenApi;

namespace Sandbox.Web.Http;

/// <summary>The REST contract: /openapi/v1.json, and a page that renders it at /docs/api.</summary>
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
        <meta name="description" content="Every request and answer of Sandbox's REST API.">
        <meta property="og:title" content="API of Sandbox">
        <meta property="og:type" content="website">
        <meta property="og:description" content="Every request and answer of Sandbox's REST API.">
        <meta property="og:site_name" content="Sandbox">
        <link rel="icon" href="/images/favicon.svg" type="image/svg+xml">
        <style>
        .way-home { display: flex; gap: 1.2rem; align-items: center; min-height: 44px; padding: 0 1.2rem; font: 550 15px/1.5 system-ui, sans-serif; background: light-dark(#faf6ee, #12100d) }
        .way-home a { color: light-dark(#9a3f12, #f2a36b); padding: .6rem 0; text-decoration: none }
        .way-home a:hover { text-decoration: underline }
        </style>
        </head>
        <body>
        <nav class="way-home" aria-label="Site"><a href="/">← Sandbox</a><a href="/docs">Guide</a></nav>
        <div id="app"></div>
        <script src="/docs/reference/scalar.js"></script>
        <script src="/docs/api/start.js"></script>
        </body>
        </html>
        """;

    /// <summary>Everything that contacts the vendor's services is off: no request leaves this origin.</summary>
    private const string Start =
        """
        Scalar.createApiReference("#app", {
          url: "/openapi/v1.json",
          withDefaultFonts: false,
          telemetry: false,
          hideClientButton: true,
          showDeveloperTools: "never",
          agent: { disabled: true },
          mcp: { disabled: true },
          defaultOpenAllTags: true,
        });
        """;

    private const string Description =
        """
        Linux sandboxes for the browser and for programs. A caller is a guest, by the cookie of the first answer or by a token of POST /api/v1/guests.
        Errors are problem+json (RFC 9457) with a code for programs.
        """;

    /// <param name="services">The services.</param>
    /// <param name="guestCookie">Name of the cookie that identifies a guest.</param>
    /// <param name="hub">Markdown about the hub, which no generator describes.</param>
    public static void AddApiDocs(this IServiceCollection services, string guestCookie, string hub) => services.AddOpenApi(api =>
    {
        api.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Sandbox";
            document.Info.Description = $"{Description}\n\n{hub}";
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A token of POST /api/v1/guests" };
            document.Components.SecuritySchemes["cookie"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Cookie, Name = guestCookie, Description = "Set by the first answer" };
            document.Security = [Requires(document), Requires(document, "bearer"), Requires(document, "cookie")];
            return Task.CompletedTask;
        });
        api.AddOperationTransformer((operation, context, _) =>
        {
            // Answers of the middleware before every route: an invalid token, a foreign origin, too many requests.
            operation.Responses ??= [];
            foreach (var (status, words) in new[] { ("401", "Unauthorized"), ("403", "Forbidden"), ("429", "Too Many Requests") })
            {
                operation.Responses.TryAdd(status, new OpenApiResponse
                {
                    Description = words,
                    Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                    {
                        ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(nameof(Problem), context.Document) },
                    },
                });
            }

            return Task.CompletedTask;
        });
    });

    /// <summary>Documents a parameter that the handler reads from the request itself.</summary>
    public static TBuilder Takes<TBuilder>(this TBuilder endpoint, ParameterLocation where, string name, string description)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = name,
                In = where,
                Required = where == ParameterLocation.Path,
                Description = description,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
            return Task.CompletedTask;
        });

    public static void MapApiDocs(this WebApplication app)
    {
        app.MapOpenApi();
        Scalar.AspNetCore.ScalarEndpointRouteBuilderExtensions.MapScalarApiReference(app, "/docs/reference");
        app.MapGet("/docs/api", () => Results.Content(Page, "text/html; charset=utf-8")).ExcludeFromDescription();
        app.MapGet("/docs/api/start.js", () => Results.Content(Start, "text/javascript; charset=utf-8")).ExcludeFromDescription();
    }

    /// <summary>The statuses whose body is a problem.</summary>
    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.Produces<Problem>(status, "application/problem+json");
        }

        return endpoint;
    }

    /// <inheritdoc cref="ProducesProblems(RouteHandlerBuilder, ReadOnlySpan{int})"/>
    public static RouteGroupBuilder ProducesProblems(this RouteGroupBuilder group, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            group.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(Problem), ["application/problem+json"]));
        }

        return group;
    }

    private static OpenApiSecurityRequirement Requires(OpenApiDocument document, params ReadOnlySpan<string> schemes)
    {
        var requirement = new OpenApiSecurityRequirement();
        foreach (var scheme in schemes)
        {
            requirement[new OpenApiSecuritySchemeReference(scheme, document)] = [];
        }

        return requirement;
    }
}
