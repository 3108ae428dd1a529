using System.Buffers;

namespace Sandbox.Web.Http;

/// <summary>A request's body as bytes, pulled as fast as they are taken.</summary>
internal static class RawBody
{
    private const int MostAtOnce = 64 * 1024;

    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            var buffer = read.Buffer.Length > MostAtOnce ? read.Buffer.Slice(0, MostAtOnce) : read.Buffer;
            if (buffer.Length > 0)
            {
                // Copied: whoever takes it may keep it beyond the next read.
                yield return buffer.ToArray();
            }

            reader.AdvanceTo(buffer.End);
            if (read.IsCompleted && buffer.Length == read.Buffer.Length)
            {
                yield break;
            }
        }
    }
}
