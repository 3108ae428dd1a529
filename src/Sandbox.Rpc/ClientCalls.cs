using System.Runtime.CompilerServices;
using Grpc.Core;

namespace Sandbox.Rpc;

/// <summary>Calls of the client end: a failed one throws a fault with its code, or the cancellation that was asked for.</summary>
internal static class ClientCalls
{
    internal static async Task<T> AskAsync<T>(AsyncUnaryCall<T> call, CancellationToken cancellationToken)
    {
        using (call)
        {
            return await AnswerAsync(call.ResponseAsync, cancellationToken).ConfigureAwait(false);
        }
    }

    internal static async Task<T> AnswerAsync<T>(Task<T> answer, CancellationToken cancellationToken)
    {
        try
        {
            return await answer.ConfigureAwait(false);
        }
        catch (RpcException error)
        {
            throw Faults.FromWire(error, cancellationToken);
        }
    }

    internal static async Task<IReadOnlyList<TResult>> AskAllAsync<TMessage, TResult>(
        AsyncServerStreamingCall<TMessage> call,
        Func<TMessage, TResult> read,
        CancellationToken cancellationToken)
    {
        using (call)
        {
            var results = new List<TResult>();
            while (await AnswerAsync(call.ResponseStream.MoveNext(cancellationToken), cancellationToken).ConfigureAwait(false))
            {
                results.Add(read(call.ResponseStream.Current));
            }

            return results;
        }
    }

    internal static async IAsyncEnumerable<T> StreamAsync<T>(
        Func<CancellationToken, AsyncServerStreamingCall<T>> open,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var call = open(cancellationToken);
        while (await AnswerAsync(call.ResponseStream.MoveNext(cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            yield return call.ResponseStream.Current;
        }
    }
}
