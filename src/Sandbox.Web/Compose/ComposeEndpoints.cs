using Sandbox.Core.Errors;
using Sandbox.Recipes.Compose;
using Sandbox.Web.Catalog;
using Sandbox.Web.Http;

namespace Sandbox.Web.Compose;

internal static class ComposeEndpoints
{
    private const int MostProblems = 50;

    public static void MapCompose(this IEndpointRouteBuilder app) => app.MapPost("/api/v1/compose", ReadAsync).WithTags("links")
        .Accepts<byte[]>("application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml")
        .Produces<ComposeView>().ProducesProblems(400, 413, 415, 429)
        .WithSummary("Read a compose file")
        .WithDescription("Says what a compose file starts here, and starts nothing: its services as nodes, or Docker, with the first part that no node can do. A mistake is a problem with file, line, column and problems. POST /api/v1/links with the same body makes a link of it.");

    private static async Task<IResult> ReadAsync(HttpContext context, AddressRates rates, ImageCatalog catalog)
    {
        if (!await rates.AllowsReadingAsync(context))
        {
            return Results.Empty;
        }

        using var body = new MemoryStream();
        await foreach (var bytes in context.ReadBodyAsync(ComposeFile.MaxBytes))
        {
            body.Write(bytes.Span);
        }

        var reading = ComposeFile.ReadAlone(body.GetBuffer().AsSpan(0, (int)body.Length), catalog.Offered);
        if (reading.Recipe is { } recipe)
        {
            return Results.Ok(ComposeView.Of(recipe, reading));
        }

        var mistakes = reading.Problems.Take(MostProblems).ToList();
        await context.WriteProblemAsync(
            ErrorCodes.Status(ErrorCode.Invalid),
            ErrorCodes.Text(ErrorCode.Invalid),
            string.Join("; ", mistakes),
            new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["file"] = mistakes[0].File,
                ["line"] = mistakes[0].Line,
                ["column"] = mistakes[0].Column,
                ["problems"] = mistakes.Select(ComposePlaceView.Of),
            });
        return Results.Empty;
    }
}
