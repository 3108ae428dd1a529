using System.Text.Json;
using Sandbox.Core.Errors;
using Sandbox.Core.Recipes;

namespace Sandbox.Web.Http;

/// <summary>Reads JSON bodies from untrusted callers: bounded in size, and refused with a message that names the mistake.</summary>
internal static class JsonBody
{
    /// <summary>The strict options of recipes serve every body.</summary>
    private static readonly JsonSerializerOptions Options = RecipeJson.Options;

    public static async Task<T> ReadJsonAsync<T>(this HttpContext context, long most)
        where T : class
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new SandboxException(ErrorCode.Invalid, "Send the body as application/json.");
        }

        using var body = new MemoryStream();
        await foreach (var bytes in context.ReadBodyAsync(most))
        {
            body.Write(bytes.Span);
        }

        try
        {
            return JsonSerializer.Deserialize<T>(body.GetBuffer().AsSpan(0, (int)body.Length), Options)
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
