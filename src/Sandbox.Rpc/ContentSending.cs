using Grpc.Core;
using Sandbox.Rpc.Wire;

namespace Sandbox.Rpc;

/// <summary>Content that the client end streams to the daemon, in chunks.</summary>
internal static class ContentSending
{
    /// <summary>
    /// Sends until the end, or until the daemon wants no more, and completes the stream. A cancelled call is not
    /// completed: if the end reached the daemon before the cancellation, the part would pass for the whole.
    /// </summary>
    internal static async Task SendContentAsync<T>(
        IClientStreamWriter<T> requests,
        IAsyncEnumerable<ReadOnlyMemory<byte>> content,
        Func<ReadOnlyMemory<byte>, T> message,
        Func<bool> isEnough,
        CancellationToken cancellationToken)
    {
        await foreach (var part in content.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            foreach (var piece in Values.Pieces(part))
            {
                if (isEnough())
                {
                    await CompleteAsync(requests, cancellationToken).ConfigureAwait(false);
                    return;
                }

                if (!await SendAsync(requests, message(piece), cancellationToken).ConfigureAwait(false))
                {
                    return;
                }
            }
        }

        await CompleteAsync(requests, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>False when the call is over already: its answer says why.</summary>
    internal static async Task<bool> SendAsync<T>(IClientStreamWriter<T> requests, T message, CancellationToken cancellationToken)
    {
        try
        {
            await requests.WriteAsync(message, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (IsOver(error, cancellationToken))
        {
            return false;
        }
    }

    private static async Task CompleteAsync<T>(IClientStreamWriter<T> requests, CancellationToken cancellationToken)
    {
        try
        {
            await requests.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (IsOver(error, cancellationToken))
        {
            // The call is over already; its answer says why.
        }
    }

    /// <summary>Whether a write failed because its call or connection has ended. The call's answer tells why.</summary>
    private static bool IsOver(Exception error, CancellationToken cancellationToken) => error switch
    {
        RpcException or InvalidOperationException or IOException or HttpRequestException => true,
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        _ => false,
    };
}
