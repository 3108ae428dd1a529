using System.Globalization;
using Microsoft.Net.Http.Headers;
using Sandbox.Core.Files;

namespace Sandbox.Web.Files;

/// <summary>
/// The version of a file as an entity tag (RFC 9110, 8.8.3): an editor saves only over the version that it has read. The
/// tag is made of the time and the size, so it costs no reading.
/// </summary>
internal static class FileVersion
{
    public static string Of(FileEntry entry) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{entry.Modified.UtcTicks:x}-{entry.Size:x}\"");

    public static bool IsConditional(HttpRequest request) =>
        request.Headers.IfMatch.Count > 0 || request.Headers.IfNoneMatch.Count > 0;

    /// <summary>Whether the caller has this version already. RFC 9110, 13.1.2.</summary>
    public static bool IsKnown(HttpRequest request, FileEntry present) => Names(request.GetTypedHeaders().IfNoneMatch, present);

    /// <summary>Throws 412 unless the present file is the one that the request names. RFC 9110, 13.1.</summary>
    public static void Require(HttpRequest request, FileEntry? present, SandboxPath path)
    {
        var headers = request.GetTypedHeaders();
        if (present is null)
        {
            if (headers.IfMatch.Count > 0)
            {
                throw Failed($"{path} was deleted meanwhile.");
            }
        }
        else if (Names(headers.IfNoneMatch, present))
        {
            throw Failed($"{path} exists already.");
        }
        else if (headers.IfMatch.Count > 0 && !Names(headers.IfMatch, present))
        {
            throw Failed($"{path} was changed meanwhile.");
        }
    }

    private static bool Names(IList<EntityTagHeaderValue> tags, FileEntry present) =>
        tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(new EntityTagHeaderValue(Of(present)), useStrongComparison: true));

    private static BadHttpRequestException Failed(string message) => new(message, StatusCodes.Status412PreconditionFailed);
}
