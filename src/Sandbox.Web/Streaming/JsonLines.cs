using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Sandbox.Core.Errors;

namespace Sandbox.Web.Streaming;

/// <summary>
/// An answer of JSON values, one per line, each sent at once. A fault after the first line is a line too:
/// <code>{"problem":{"code":"timeout","status":504,"detail":"…"}}</code>
/// https://github.com/ndjson/ndjson-spec
/// </summary>
internal sealed class JsonLines(HttpContext context)
{
    public const string ContentType = "application/x-ndjson";

    private readonly JsonSerializerOptions _options = context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;

    /// <summary>Whether a request asks for lines.</summary>
    public static bool AreAsked(HttpRequest request) => request.Headers.Accept.ToString().Contains(ContentType, StringComparison.OrdinalIgnoreCase);

    /// <summary>Writes one value.</summary>
    public async Task WriteAsync<T>(T value)
    {
        var response = context.Response;
        if (!response.HasStarted)
        {
            response.ContentType = ContentType;
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        }

        await response.Body.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(value, _options), (byte)'\n'], context.RequestAborted);
        await response.Body.FlushAsync(context.RequestAborted);
    }

    /// <summary>Runs what writes the lines. A fault before the first one is the answer's own.</summary>
    public async Task<IResult> RunAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (SandboxException fault) when (context.Response.HasStarted)
        {
            await WriteAsync(new { problem = new { code = ErrorCodes.Text(fault.Code), status = ErrorCodes.Status(fault.Code), detail = fault.Message } });
        }

        return Results.Empty;
    }
}
