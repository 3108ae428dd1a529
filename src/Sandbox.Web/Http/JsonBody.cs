using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Sandbox.Core.Errors;

namespace Sandbox.Web.Http;

/// <summary>Reads JSON that came from anybody: bounded, and refused with words when it is not what was asked for.</summary>
internal static class JsonBody
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        MaxDepth = 16,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
    };

    /// <summary>Bounds the body; what is longer is refused as too_large by whoever reads it.</summary>
    public static void BoundBody(this HttpContext context, long most)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bound)
        {
            bound.MaxRequestBodySize = most;
        }

        if (context.Request.ContentLength > most)
        {
            throw new SandboxException(ErrorCode.TooLarge, $"The body is larger than the {most} bytes allowed.");
        }
    }

    public static async Task<T> ReadJsonAsync<T>(this HttpContext context, long most)
        where T : class
    {
        context.BoundBody(most);
        if (!context.Request.HasJsonContentType())
        {
            throw new SandboxException(ErrorCode.Invalid, "Send the body as application/json.");
        }

        try
        {
            return await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Options, context.RequestAborted)
                ?? throw new SandboxException(ErrorCode.Invalid, "The body is null.");
        }
        catch (JsonException mistake)
        {
            var where = mistake.Path is { Length: > 1 } path ? $" at {path}" : "";
            throw new SandboxException(ErrorCode.Invalid, $"The body is not the JSON asked for{where}: {Words(mistake)}", mistake);
        }
    }

    /// <summary>The parser's words without the names of our types.</summary>
    private static string Words(JsonException mistake)
    {
        var text = mistake.Message;
        if (text.Contains("could not be mapped", StringComparison.Ordinal))
        {
            return "there is no such member.";
        }

        if (text.Contains("missing required", StringComparison.Ordinal))
        {
            return "a required member is missing.";
        }

        return mistake.LineNumber is { } line ? $"line {line + 1}, byte {mistake.BytePositionInLine} is malformed or of another type." : "it is malformed.";
    }
}
