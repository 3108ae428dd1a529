using Microsoft.Net.Http.Headers;
using Sandbox.Core.Files;

namespace Sandbox.Web.Files;

/// <summary>The part of a file that a request asks for. RFC 9110, section 14</summary>
internal static class FileRanges
{
    /// <summary>
    /// The bytes to send, with the headers that say so; null for a range beyond the file (416). One range is served;
    /// several, and one under an <c>If-Range</c> that does not hold any more, get the whole file.
    /// </summary>
    public static FileRange? Choose(HttpContext context, FileEntry file)
    {
        var headers = context.Response.GetTypedHeaders();
        context.Response.Headers.AcceptRanges = "bytes";
        headers.LastModified = WholeSeconds(file);
        var request = context.Request.GetTypedHeaders();
        if (request.Range is not { Ranges: { Count: 1 } ranges } || !string.Equals(request.Range.Unit.Value, "bytes", StringComparison.OrdinalIgnoreCase)
            || (request.IfRange is { } condition && !Holds(condition, file)))
        {
            headers.ContentLength = file.Size;
            return new FileRange(0, file.Size);
        }

        var range = ranges.Single();
        var first = range.From ?? Math.Max(0, file.Size - range.To!.Value);
        var last = range.From is null ? file.Size - 1 : Math.Min(range.To ?? long.MaxValue, file.Size - 1);
        if (first > last)
        {
            context.Response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            headers.ContentRange = new ContentRangeHeaderValue(file.Size);
            headers.ContentLength = 0;
            return null;
        }

        context.Response.StatusCode = StatusCodes.Status206PartialContent;
        headers.ContentRange = new ContentRangeHeaderValue(first, last, file.Size);
        headers.ContentLength = last - first + 1;
        return new FileRange(first, last - first + 1);
    }

    private static bool Holds(RangeConditionHeaderValue condition, FileEntry file) => condition.EntityTag is { } tag
        ? tag.Compare(new EntityTagHeaderValue(FileVersion.Of(file)), useStrongComparison: true)
        : condition.LastModified == WholeSeconds(file);

    private static DateTimeOffset WholeSeconds(FileEntry file) => DateTimeOffset.FromUnixTimeSeconds(file.Modified.ToUnixTimeSeconds());
}
