using Microsoft.AspNetCore.Routing.Template;

namespace Sandbox.Web.Http;

/// <summary>
/// What no route of the API takes. The pages bring routes that match any path and take GET only, so without this a
/// POST to an unknown address would be answered with 405 and GET.
/// </summary>
internal static class UnknownRoutes
{
    public static void MapUnknownRoutes(this IEndpointRouteBuilder app) =>
        app.MapFallback("/api/{**rest}", AnswerAsync).ExcludeFromDescription();

    private static Task AnswerAsync(HttpContext context, EndpointDataSource endpoints)
    {
        var taken = endpoints.Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Order == 0 && Matches(endpoint.RoutePattern.RawText, context.Request.Path))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (taken.Count == 0)
        {
            return context.WriteProblemAsync(404, "not_found", "There is nothing at this address.");
        }

        if (taken.Contains(context.Request.Method, StringComparer.Ordinal))
        {
            return context.WriteProblemAsync(415, "unsupported_media_type", "Send the body as application/json.");
        }

        context.Response.Headers.Allow = string.Join(", ", taken);
        return context.WriteProblemAsync(405, "method_not_allowed", $"This address takes {context.Response.Headers.Allow}.");
    }

    private static bool Matches(string? pattern, PathString path) =>
        pattern is not null
        && pattern.TrimStart('/').StartsWith("api/", StringComparison.Ordinal)
        && new TemplateMatcher(TemplateParser.Parse(pattern.TrimStart('/')), []).TryMatch(path, []);
}
