using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;

namespace Sandbox.Rpc;

/// <summary>Content that a client streams to the service.</summary>
internal static class ContentReading
{
    /// <summary>The chunks after the first message. A connection that breaks throws here, so that half an archive never looks like a whole one.</summary>
    internal static async IAsyncEnumerable<ReadOnlyMemory<byte>> ContentAsync<T>(
        IAsyncStreamReader<T> requests,
        Func<T, ByteString?> chunk,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (await requests.MoveNext(cancellation).ConfigureAwait(false))
        {
            yield return chunk(requests.Current)?.Memory ?? throw Faults.Malformed("chunk");
        }
    }

    /// <summary>
    /// Tells the client that no more is wanted, and reads on until it stops. If the call ended before that, its stream
    /// would be reset, and Kestrel treats frames that are still under way as a breach of HTTP/2: it closes the connection
    /// and with it the calls of everybody else. A client that goes on after <see cref="RpcLimits.LastWords"/> is cut off.
    /// </summary>
    internal static async Task DrainAsync<T>(IAsyncStreamReader<T> requests, Func<Task> tellEnough, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(RpcLimits.LastWords);
        try
        {
            await tellEnough().ConfigureAwait(false);
            while (await requests.MoveNext(limit.Token).ConfigureAwait(false))
            {
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or InvalidOperationException or RpcException)
        {
            // Cut off, or the client is gone: the answer of the call does not change.
        }
    }
}
