using Grpc.Core;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Runtime;
using Sandbox.Rpc.Wire;

namespace Sandbox.Rpc;

/// <summary>The server end of the runtime itself; each facet has a service of its own.</summary>
public sealed class RuntimeService(ISandboxRuntime runtime, ILogger<RuntimeService> logger) : Wire.Runtime.RuntimeBase
{
    private readonly Answers<ISandboxRuntime> _answers = new(runtime, logger);

    /// <inheritdoc/>
    public override Task<Wire.RuntimeInfo> GetInfo(Nothing request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (runtime, _, cancellation) => (await runtime.GetInfoAsync(cancellation).ConfigureAwait(false)).ToWire());
}
