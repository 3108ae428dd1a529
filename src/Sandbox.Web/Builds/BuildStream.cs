using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Sandbox.Web.Builds;

/// <summary>Writes the events of a build as they happen: a JSON object a line, or server-sent events for those who ask for them.</summary>
internal sealed class BuildStream(HttpContext context)
{
    public const string Lines = "application/x-ndjson";
    public const string Events = "text/event-stream";

    /// <summary>No page shows these bytes as HTML.</summary>
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>A reader who takes less is cut off, which ends the build.</summary>
    private static readonly MinDataRate Slowest = new(bytesPerSecond: 1024, gracePeriod: TimeSpan.FromSeconds(30));

    private readonly bool _asEvents = context.Request.GetTypedHeaders().Accept.Any(type => type.MediaType == Events);
    private int _percent;

    public async Task WriteAsync(BuildEvent happened)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = _asEvents ? Events : Lines;
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers["X-Accel-Buffering"] = "no";
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            {
                rate.MinDataRate = Slowest;
            }
        }

        if (happened.Percent is { } percent)
        {
            _percent = Math.Max(_percent, percent);
            happened = happened with { Percent = _percent };
        }

        var json = JsonSerializer.Serialize(happened, Json);
        await context.Response.WriteAsync(_asEvents ? $"event: {JsonNamingPolicy.CamelCase.ConvertName(happened.Type.ToString())}\ndata: {json}\n\n" : json + "\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
