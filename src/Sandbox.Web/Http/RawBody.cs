using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Sandbox.Core.Errors;

namespace Sandbox.Web.Http;

/// <summary>A request's body as bytes, pulled as fast as they are taken.</summary>
internal static class RawBody
{
    private const int MostAtOnce = 64 * 1024;

    /// <summary>
    /// Counted here rather than by the server: that one breaks the connection off, and with it the answer that says why.
    /// Code: TooLarge.
    /// </summary>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadBodyAsync(this HttpContext context, long most)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bound)
        {
            bound.MaxRequestBodySize = null;
        }

        if (context.Request.ContentLength > most)
        {
            throw TooLarge(most);
        }

        var length = 0L;
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            var buffer = read.Buffer.Length > MostAtOnce ? read.Buffer.Slice(0, MostAtOnce) : read.Buffer;
            var isLast = read.IsCompleted && buffer.Length == read.Buffer.Length;

            // Copied: the receiver may keep it beyond the next read. And let go of first: one that is left in the
            // middle of a read makes the server cut the connection, and with it the answer that says why.
            var block = buffer.ToArray();
            reader.AdvanceTo(buffer.End);
            length += block.Length;
            if (length > most)
            {
                throw TooLarge(most);
            }

            if (block.Length > 0)
            {
                yield return block;
            }

            if (isLast)
            {
                yield break;
            }
        }
    }

    private static SandboxException TooLarge(long most) => new(ErrorCode.TooLarge, $"The body may hold {most} bytes.");
}
