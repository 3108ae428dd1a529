using Microsoft.AspNetCore.SignalR;
using Sandbox.Core.Errors;

namespace Sandbox.Web.Hub;

/// <summary>
/// Translates faults for hub clients: <c>not_found: You have no such terminal…</c>, the code and detail of the REST
/// problem. A call that completes synchronously stays synchronous: awaiting here would let a later key overtake it.
/// </summary>
internal sealed partial class HubFaults(ILogger<HubFaults> logger) : IHubFilter
{
    public ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        try
        {
            var call = next(invocationContext);
            return call.IsCompletedSuccessfully ? call : AwaitAsync(call, invocationContext.HubMethodName);
        }
        catch (SandboxException fault)
        {
            throw ToHubException(fault);
        }
        catch (Exception fault) when (IsOurs(fault))
        {
            Log.Failed(logger, fault, invocationContext.HubMethodName);
            throw;
        }
    }

    public static HubException ToHubException(SandboxException fault) => new($"{ErrorCodes.Text(fault.Code)}: {fault.Message}", fault);

    private async ValueTask<object?> AwaitAsync(ValueTask<object?> call, string method)
    {
        try
        {
            return await call;
        }
        catch (SandboxException fault)
        {
            throw ToHubException(fault);
        }
        catch (Exception fault) when (IsOurs(fault))
        {
            Log.Failed(logger, fault, method);
            throw;
        }
    }

    private static bool IsOurs(Exception fault) => fault is not (HubException or OperationCanceledException);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The hub's {Method} failed")]
        public static partial void Failed(ILogger logger, Exception fault, string method);
    }
}
