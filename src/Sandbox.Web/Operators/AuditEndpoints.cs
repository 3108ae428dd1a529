using System.Globalization;
using System.Text.Json;
using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Web.Audit;
using Sandbox.Web.Http;
using Sandbox.Web.Store;

namespace Sandbox.Web.Operators;

/// <summary>The audit log over REST.</summary>
internal static class AuditEndpoints
{
    private const int UsualPage = 50;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static void MapAudit(this RouteGroupBuilder admin)
    {
        admin.MapGet("log", (HttpContext context, AuditReader reader) => reader.FindAsync(
                Filter(context.Request.Query),
                Number(context.Request.Query, "before"),
                (int)Math.Clamp(Number(context.Request.Query, "limit") ?? UsualPage, 0, int.MaxValue),
                context.RequestAborted))
            .Produces<AuditPage>().ProducesProblems(400)
            .TakesFilter()
            .Takes(ParameterLocation.Query, "before", "Only events before this id: the one that the page before this one ended with")
            .Takes(ParameterLocation.Query, "limit", $"How many events, 1 to {AuditReader.MostOfPage}; {UsualPage} when left out")
            .WithSummary("The audit log").WithDescription("Launches, ends, sign-ins, operators' acts, requests that a limit refused, and sandboxes that a limit stopped; the newest first. Refusals of one caller within an hour are one event with a count.");
        admin.MapGet("log/export", ExportAsync)
            .Produces<AuditView>(200, "application/jsonl").ProducesProblems(400)
            .TakesFilter()
            .WithSummary("The audit log as a file").WithDescription("All events of the filter, one JSON object on each line, the newest first.");
    }

    private static RouteHandlerBuilder TakesFilter(this RouteHandlerBuilder endpoint) => endpoint
        .Takes(ParameterLocation.Query, "kind", "launch, end, sign_in, operator, refused, limit, tutorial, handover; several with a comma between")
        .Takes(ParameterLocation.Query, "person", "Whose events")
        .Takes(ParameterLocation.Query, "about", "The id of a person or a playground, or an address")
        .Takes(ParameterLocation.Query, "since", "The earliest time, as 2026-11-30T08:00:00Z")
        .Takes(ParameterLocation.Query, "until", "The latest time");

    private static async Task ExportAsync(HttpContext context, AuditReader reader)
    {
        var filter = Filter(context.Request.Query);
        context.Response.ContentType = "application/jsonl";
        context.Response.Headers.ContentDisposition = "attachment; filename=\"sandbox-log.jsonl\"";
        await foreach (var view in reader.AllAsync(filter, context.RequestAborted))
        {
            await JsonSerializer.SerializeAsync(context.Response.Body, view, Json, context.RequestAborted);
            await context.Response.Body.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
        }
    }

    private static AuditFilter Filter(IQueryCollection query)
    {
        var kinds = new List<AuditKind>();
        foreach (var text in query["kind"].SelectMany(value => (value ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            kinds.Add(AuditKinds.TryParse(text, out var kind) ? kind : throw new SandboxException(ErrorCode.Invalid, $"kind: {string.Join(", ", AuditKinds.All.Select(AuditKinds.Text))}"));
        }

        return new AuditFilter { Kinds = kinds, Person = Text(query, "person"), About = Text(query, "about"), Since = Time(query, "since"), Until = Time(query, "until") };
    }

    private static string? Text(IQueryCollection query, string name) => query[name].ToString().Trim() is { Length: > 0 } text ? text : null;

    private static long? Number(IQueryCollection query, string name) => Text(query, name) switch
    {
        null => null,
        var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => throw new SandboxException(ErrorCode.Invalid, $"{name}: a number"),
    };

    private static DateTimeOffset? Time(IQueryCollection query, string name) => Text(query, name) switch
    {
        null => null,
        var text when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) => time,
        _ => throw new SandboxException(ErrorCode.Invalid, $"{name}: a time like 2026-11-30T08:00:00Z"),
    };
}
