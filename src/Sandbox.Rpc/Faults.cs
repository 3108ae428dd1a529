using System.Globalization;
using Grpc.Core;
using Sandbox.Core.Errors;

namespace Sandbox.Rpc;

/// <summary>Carries a <see cref="SandboxException"/> over gRPC: the code in a trailer, the message as the status detail.</summary>
internal static class Faults
{
    /// <summary>The trailer's name; its value is <see cref="ErrorCodes.Text"/>.</summary>
    internal const string CodeTrailer = "sandbox-code";

    /// <summary>The trailer with the milliseconds after which the same may go well.</summary>
    internal const string RetryTrailer = "sandbox-retry-after";

    /// <summary>The detail travels percent-encoded in a header, and headers are bounded at 64 KiB.</summary>
    private const int MaxMessageLength = 4000;

    internal static RpcException ToWire(SandboxException fault)
    {
        var wire = ToWire(fault.Code, fault.Message);
        if (fault.RetryAfter is { } wait)
        {
            wire.Trailers.Add(RetryTrailer, ((long)wait.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        }

        return wire;
    }

    internal static RpcException ToWire(ErrorCode code, string message) => new(
        new Status(StatusOf(code), message.Length <= MaxMessageLength ? message : message[..MaxMessageLength] + "…"),
        new Metadata { { CodeTrailer, ErrorCodes.Text(code) } });

    /// <summary>What a caller of the port sees: a fault with its code, or the cancellation they asked for.</summary>
    internal static Exception FromWire(RpcException error, CancellationToken cancellationToken)
    {
        if (ErrorCodes.TryParse(error.Trailers.GetValue(CodeTrailer), out var code))
        {
            return new SandboxException(code, error.Status.Detail, error)
            {
                RetryAfter = long.TryParse(error.Trailers.GetValue(RetryTrailer), CultureInfo.InvariantCulture, out var wait) ? TimeSpan.FromMilliseconds(wait) : null,
            };
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return new OperationCanceledException(error.Message, error, cancellationToken);
        }

        // The daemon marks each fault of its own with a code, so what comes without one was met on the way.
        return error.StatusCode switch
        {
            StatusCode.ResourceExhausted => new SandboxException(ErrorCode.TooLarge, "The request, or its answer, is larger than the runtime takes.", error),
            StatusCode.Unimplemented => new SandboxException(ErrorCode.Internal, "The runtime is of another version and does not know this request.", error),
            _ => new SandboxException(ErrorCode.RuntimeUnavailable, "The runtime cannot be reached. What runs goes on; please try again in a moment.", error),
        };
    }

    internal static SandboxException Malformed(string what) => new(ErrorCode.Invalid, $"{what}: malformed");

    private static StatusCode StatusOf(ErrorCode code) => code switch
    {
        ErrorCode.Invalid or ErrorCode.TooLarge => StatusCode.InvalidArgument,
        ErrorCode.NotFound or ErrorCode.ImageNotFound => StatusCode.NotFound,
        ErrorCode.Conflict or ErrorCode.ImageInUse or ErrorCode.ImageInvalid or ErrorCode.CommandNotFound or ErrorCode.CommandNotExecutable or ErrorCode.CommandFormat or ErrorCode.SetupFailed or ErrorCode.BuildFailed => StatusCode.FailedPrecondition,
        ErrorCode.Quota or ErrorCode.Rate or ErrorCode.Capacity or ErrorCode.DiskFull => StatusCode.ResourceExhausted,
        ErrorCode.RegistryUnreachable or ErrorCode.RuntimeUnavailable => StatusCode.Unavailable,
        ErrorCode.Timeout => StatusCode.DeadlineExceeded,
        _ => StatusCode.Internal,
    };
}
