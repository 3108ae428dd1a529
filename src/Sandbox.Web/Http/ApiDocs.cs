using Microsoft.OpenApi;
using Sandbox.Web.People;

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

    /// <summary>What would speak to its maker's services is off: nothing of an operator's leaves this origin.</summary>
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

    /// <summary>The hub is no REST, so no generator knows it.</summary>
    private const string Description =
        """
        Linux sandboxes for the browser and for programs. A caller is a guest, by the cookie of the first answer or by a token of POST /api/v1/guests.
        Errors are problem+json (RFC 9457) with a code for programs.

        ## Terminals

        Bytes go over SignalR at `/hubs/terminal`, with MessagePack or JSON (there bytes are base64); the token goes as `Authorization: Bearer` or as `access_token` in the query. What is refused is a HubException whose message begins with the code: `not_found: …`.

        | call | |
        |---|---|
        | `Open(sandboxId, cols, rows, command)` | starts a terminal and gives its id; `command` is an array of strings, or null for the image's shell |
        | `OpenShell(sandboxId, cols, rows, directory)` | starts a shell, bash, ash or sh, also where the image has a program of its own; in `directory` if there is such a one, or null |
        | `Attach(terminalId, after)` | a stream of items: all that the terminal prints after the first `after` bytes; 0 is all that is kept |
        | `Follow(terminalId, after)` | the same with items of the shell between them, where it marks its commands |
        | `Ack(terminalId, bytesHeld)` | how many bytes of the terminal the client holds; at least every 64 KiB, at most 256 KiB are sent without |
        | `Input(terminalId, data)` | types up to 16 KiB; `conflict` when the program does not read and 64 KiB wait |
        | `Type(terminalId, at, data)` | the same, where `at` is how many bytes of this viewer were accepted since its `Attach`; when it differs the call is refused with `conflict` and nothing is typed, so several calls may be under way without one overtaking another that was refused |
        | `Resize(terminalId, cols, rows)` | how large the client's window is, 1 to 1000 each |
        | `SizePolicy(terminalId, policy)` | whose window decides the size: `owner`, the owner's that typed or was resized last, or `smallest` of all |
        | `Viewers(terminalId)` | a stream of who is there, now and after each change: `{viewers: [{id, name, access, you, leads}], cols, rows, policy}`; `access` is own, type or watch |
        | `Introduce(terminalId, name)` | what the others see this viewer called, up to 32 characters |
        | `Close(terminalId)` | hangs it up, for everybody |
        | `Shared()` | for who came by a link: `{terminalId, image, access, expiresAt}` |

        The token of a link is good for its terminal, and there for `Attach`, `Follow`, `Ack`, `Viewers`, `Introduce`, `Shared` and `Resize`, which is a wish then; if it is one to type, for `Input` and `Type` too.

        The server calls `Attached(terminalId)` before the first item of an `Attach`, and `Recording(terminalId, seconds)` on attaching to a terminal that is recorded and whenever that begins or ends: for how long it is, or null when it no longer is.

        An item is `{offset, data}`; `offset` is how many bytes of the terminal came before it.
        With `exitCode` it is the last one.
        One whose `offset` is more than the client holds comes after a gap: that much output is no longer kept. It has `screen: {cols, rows}` when its bytes draw the screen as it is now on a terminal of that size, in place of the last bytes skipped.
        One with `shell: {nonce, integration, cwd, running, lastCommand}` has no bytes; marks (OSC 633) in the output count only with that nonce. A command is `{command, truncated, cwd, exitCode, startedAt, endedAt}`, each absent when it is not known.
        """;

    public static void AddApiDocs(this IServiceCollection services) => services.AddOpenApi(api =>
    {
        api.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Sandbox";
            document.Info.Description = Description;
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A token of POST /api/v1/guests" };
            document.Components.SecuritySchemes["cookie"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Cookie, Name = Guests.Cookie, Description = "Set by the first answer" };
            document.Security = [Requires(document), Requires(document, "bearer"), Requires(document, "cookie")];
            return Task.CompletedTask;
        });
        api.AddOperationTransformer((operation, context, _) =>
        {
            // What stands before every route: a bad token, a page elsewhere, too many requests.
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

    /// <summary>A parameter that is read off the request by hand.</summary>
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
