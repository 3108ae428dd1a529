using Grpc.Core;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Errors;
using Sandbox.Rpc.Wire;

namespace Sandbox.Rpc;

/// <summary>Answers the calls of one facet: runs them and translates every fault once.</summary>
internal sealed class Answers<TFacet>(TFacet facet, ILogger logger)
{
    internal async Task<TReply> AnswerAsync<TRequest, TReply>(
        TRequest request,
        ServerCallContext context,
        Func<TFacet, TRequest, CancellationToken, Task<TReply>> answer)
    {
        try
        {
            return await answer(facet, request, context.CancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not RpcException)
        {
            throw ToWire(error, context);
        }
    }

    internal async Task<TReply> AnswerStreamAsync<TRequest, TReply>(
        IAsyncStreamReader<TRequest> requests,
        ServerCallContext context,
        Func<TFacet, IAsyncStreamReader<TRequest>, CancellationToken, Task<TReply>> answer)
    {
        try
        {
            return await AnswerAsync(requests, context, answer).ConfigureAwait(false);
        }
        finally
        {
            await ContentReading.DrainAsync(requests, () => context.WriteResponseHeadersAsync([]), context.CancellationToken).ConfigureAwait(false);
        }
    }

    internal Task<Nothing> StreamAllAsync<TRequest, TReply>(
        TRequest request,
        IServerStreamWriter<TReply> replies,
        ServerCallContext context,
        Func<TFacet, TRequest, CancellationToken, Task<IEnumerable<TReply>>> items) =>
        AnswerAsync((request, replies, items), context, static async (facet, call, cancellation) =>
        {
            foreach (var item in await call.items(facet, call.request, cancellation).ConfigureAwait(false))
            {
                await call.replies.WriteAsync(item, cancellation).ConfigureAwait(false);
            }

            return Answers.Nothing;
        });

    internal Task<Nothing> StreamAsync<TRequest, TReply>(
        TRequest request,
        IServerStreamWriter<TReply> replies,
        ServerCallContext context,
        Func<TFacet, TRequest, CancellationToken, IAsyncEnumerable<TReply>> items) =>
        AnswerAsync((request, replies, items), context, static async (facet, call, cancellation) =>
        {
            await foreach (var item in call.items(facet, call.request, cancellation).WithCancellation(cancellation).ConfigureAwait(false))
            {
                await call.replies.WriteAsync(item, cancellation).ConfigureAwait(false);
            }

            return Answers.Nothing;
        });

    private RpcException ToWire(Exception error, ServerCallContext context)
    {
        switch (error)
        {
            case SandboxException { Code: not ErrorCode.Internal } fault:
                return Faults.ToWire(fault);

            // The client is gone or cancelled its call: nobody reads this answer.
            case OperationCanceledException or IOException when context.CancellationToken.IsCancellationRequested:
                return new RpcException(new Status(StatusCode.Cancelled, "cancelled"));

            case OperationCanceledException:
                return Faults.ToWire(ErrorCode.RuntimeUnavailable, "The runtime is stopping. Please try again in a moment.");

            default:
                // The exception may name paths and processes of the host; the client gets none of that.
                AnswersLog.Failed(logger, context.Method, error);
                return Faults.ToWire(ErrorCode.Internal, error is SandboxException ? error.Message : "The runtime failed. Its log says why.");
        }
    }
}

/// <summary>Replies without content.</summary>
internal static class Answers
{
    internal static Nothing Nothing { get; } = new();
}

internal static partial class AnswersLog
{
    [LoggerMessage(1, LogLevel.Error, "{Method} failed")]
    internal static partial void Failed(ILogger logger, string method, Exception error);
}
