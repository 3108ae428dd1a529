using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Sandbox.Core.Errors;

namespace Sandbox.Web.Http;

/// <summary>An error as callers read it: RFC 9457, with a code for programs.</summary>
/// <param name="Title">The status in words.</param>
/// <param name="Status">The status.</param>
/// <param name="Detail">What to do about it, for the caller.</param>
/// <param name="Code">What went wrong, in snake_case.</param>
internal sealed record Problem(string Title, int Status, string Detail, string Code)
{
    public string Type { get; init; } = "about:blank";

    /// <summary>More members, for problems that carry data: what a command printed before it was killed.</summary>
    [JsonExtensionData]
    public IDictionary<string, object?>? More { get; init; }
}

/// <summary>The problem that a request was answered with, as a feature of it.</summary>
internal sealed record WrittenProblem(string Code, string Detail);

/// <summary>The one place where faults become answers.</summary>
internal static partial class Problems
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static Task WriteProblemAsync(this HttpContext context, int status, string code, string detail, IDictionary<string, object?>? more = null)
    {
        context.Response.StatusCode = status;
        context.Features.Set(new WrittenProblem(code, detail));
        var title = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);
        return context.Response.WriteAsJsonAsync(new Problem(title, status, detail, code) { More = more }, Json, "application/problem+json", CancellationToken.None);
    }

    public static Task WriteProblemAsync(this HttpContext context, SandboxException fault)
    {
        if (fault.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        return context.WriteProblemAsync(ErrorCodes.Status(fault.Code), ErrorCodes.Text(fault.Code), fault.Message);
    }

    /// <summary>Whether a program asked, rather than a person with a browser's address bar.</summary>
    public static bool IsForPrograms(this HttpContext context) =>
        context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)
        || context.Request.Path.StartsWithSegments("/hubs", StringComparison.OrdinalIgnoreCase)
        || context.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase);

    public static void UseProblems(this IApplicationBuilder app) => app.Use(AnswerAsync);

    private static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (IOException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception fault)
        {
            if (context.Response.HasStarted)
            {
                // Half an answer is out: only a broken connection tells the caller that it is half.
                Log.AnswerBroken(context.Logger(), fault, context.Request.Path);
                context.Abort();
                return;
            }

            await FaultAsync(context, fault);
            return;
        }

        if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null } && context.IsForPrograms())
        {
            var (code, detail) = context.Response.StatusCode switch
            {
                404 => ("not_found", "There is nothing at this address."),
                405 => ("method_not_allowed", $"This address takes {context.Response.Headers.Allow}."),
                415 => ("unsupported_media_type", "Send the body as application/json."),
                _ => ("invalid", "The request was refused."),
            };
            await context.WriteProblemAsync(context.Response.StatusCode, code, detail);
        }
    }

    private static async Task FaultAsync(HttpContext context, Exception fault)
    {
        if (context.Features.Get<IHttpResponseBodyFeature>() is not null)
        {
            context.Response.Clear();
        }

        switch (fault)
        {
            case SandboxException known:
                if (known.Code == ErrorCode.Internal)
                {
                    Log.Fault(context.Logger(), fault, context.Request.Path);
                }

                await context.WriteProblemAsync(known);
                break;
            case BadHttpRequestException { StatusCode: 413 }:
                await context.WriteProblemAsync(413, "too_large", "The body is larger than allowed.");
                break;
            case BadHttpRequestException { StatusCode: 412 or 415 } ours:
                await context.WriteProblemAsync(ours.StatusCode, ours.StatusCode == 415 ? "unsupported_media_type" : "precondition_failed", ours.Message);
                break;
            case BadHttpRequestException bad:
                await context.WriteProblemAsync(bad.StatusCode, bad.StatusCode == 408 ? "timeout" : "invalid", "The request is malformed.");
                break;
            default:
                Log.Fault(context.Logger(), fault, context.Request.Path);
                await context.WriteProblemAsync(500, "internal", "Something went wrong on our side.");
                break;
        }
    }

    private static ILogger Logger(this HttpContext context) =>
        context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Sandbox.Web.Http");

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A request for {Path} failed")]
        public static partial void Fault(ILogger logger, Exception fault, string path);

        [LoggerMessage(Level = LogLevel.Warning, Message = "An answer for {Path} broke off")]
        public static partial void AnswerBroken(ILogger logger, Exception fault, string path);
    }
}
