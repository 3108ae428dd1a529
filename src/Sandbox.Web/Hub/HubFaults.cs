using Microsoft.AspNetCore.SignalR;
using Sandbox.Core.Errors;
using Sandbox.Web.Audit;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Hub;

/// <summary>
/// Translates faults for hub clients: <c>not_found: You have no such terminal…</c>, the code and detail of the REST
/// problem. A call that completes synchronously stays synchronous: awaiting here would let a later key overtake it.
/// </summary>
internal sealed partial class HubFaults(AuditLog audit, ILogger<HubFaults> logger) : IHubFilter
{
    public ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        try
        {
            var call = next(invocationContext);
            return call.IsCompletedSuccessfully ? call : AwaitAsync(call, invocationContext);
        }
        catch (SandboxException fault)
        {
            Record(invocationContext.Context, fault);
            throw ToHubException(fault);
        }
        catch (Exception fault) when (IsOurs(fault))
        {
            Log.Failed(logger, fault, invocationContext.HubMethodName);
            throw;
        }
    }

    public static HubException ToHubException(SandboxException fault) => new($"{ErrorCodes.Text(fault.Code)}: {fault.Message}", fault);

    private async ValueTask<object?> AwaitAsync(ValueTask<object?> call, HubInvocationContext invocation)
    {
        try
        {
            return await call;
        }
        catch (SandboxException fault)
        {
            Record(invocation.Context, fault);
            throw ToHubException(fault);
        }
        catch (Exception fault) when (IsOurs(fault))
        {
            Log.Failed(logger, fault, invocation.HubMethodName);
            throw;
        }
    }

    private void Record(HubCallerContext caller, SandboxException fault)
    {
        if (ErrorCodes.Status(fault.Code) == StatusCodes.Status429TooManyRequests)
        {
            audit.Add(new AuditEvent(AuditKind.Refused, fault.Message)
            {
                Code = ErrorCodes.Text(fault.Code),
                Person = caller.User?.Person(),
                Address = AddressRates.Address(caller.GetHttpContext()?.Connection.RemoteIpAddress),
            });
        }
    }

    private static bool IsOurs(Exception fault) => fault is not (HubException or OperationCanceledException);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The hub's {Method} failed")]
        public static partial void Failed(ILogger logger, Exception fault, string method);
    }
}
