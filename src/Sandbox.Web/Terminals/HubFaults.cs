using Microsoft.AspNetCore.SignalR;
using Sandbox.Core.Errors;

namespace Sandbox.Web.Terminals;

/// <summary>
/// Faults as hub clients read them: <c>not_found: You have no such terminal…</c>, the code and the words of the REST
/// problem. Calls that are done at once stay so: awaiting here would let a later key overtake an earlier one.
/// </summary>
internal sealed class HubFaults : IHubFilter
{
    public ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        try
        {
            var call = next(invocationContext);
            return call.IsCompletedSuccessfully ? call : AwaitAsync(call);
        }
        catch (SandboxException fault)
        {
            throw Told(fault);
        }
    }

    public static HubException Told(SandboxException fault) => new($"{ErrorCodes.Text(fault.Code)}: {fault.Message}", fault);

    private static async ValueTask<object?> AwaitAsync(ValueTask<object?> call)
    {
        try
        {
            return await call;
        }
        catch (SandboxException fault)
        {
            throw Told(fault);
        }
    }
}
