using Grpc.Core;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Runtime;
using Sandbox.Core.Terminals;
using Sandbox.Rpc.Wire;

namespace Sandbox.Rpc;

/// <summary>The server end of the terminals: it opens and lists them, and carries none of their bytes.</summary>
public sealed class TerminalsService(ISandboxRuntime runtime, ILogger<TerminalsService> logger) : Wire.Terminals.TerminalsBase
{
    private readonly Answers<ITerminals> _answers = new(runtime.Terminals, logger);

    /// <inheritdoc/>
    public override Task<Wire.TerminalInfo> Open(OpenTerminalRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (terminals, request, cancellation) =>
        {
            var id = Values.ToSandboxId(request.Id);
            var spec = request.ToCore();
            Values.Refuse(TerminalRules.Validate(spec));
            return (await terminals.OpenAsync(id, spec, cancellation).ConfigureAwait(false)).ToWire();
        });

    /// <inheritdoc/>
    public override Task List(SandboxRequest request, IServerStreamWriter<Wire.TerminalInfo> responseStream, ServerCallContext context) =>
        _answers.StreamAllAsync(request, responseStream, context, static async (terminals, request, cancellation) =>
            (await terminals.ListAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false)).Select(TerminalsMap.ToWire));

    /// <inheritdoc/>
    public override Task ListDetached(SandboxRequest request, IServerStreamWriter<Wire.DetachedCommand> responseStream, ServerCallContext context) =>
        _answers.StreamAllAsync(request, responseStream, context, static async (terminals, request, cancellation) =>
            (await terminals.ListDetachedAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false)).Select(TerminalsMap.ToWire));

    /// <inheritdoc/>
    public override Task ReadDetached(ReadDetachedRequest request, IServerStreamWriter<Chunk> responseStream, ServerCallContext context) =>
        _answers.StreamAsync(request, responseStream, context, static (terminals, request, cancellation) =>
            terminals.ReadDetachedAsync(Values.ToSandboxId(request.Id), Values.ToTerminalId(request.Command), request.Follow, cancellation)
                .SelectMany(Values.Pieces)
                .Select(static piece => new Chunk { Data = piece.ToWire() }));

    /// <inheritdoc/>
    public override Task<Nothing> KillDetached(DetachedRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (terminals, request, cancellation) =>
        {
            await terminals.KillDetachedAsync(Values.ToSandboxId(request.Id), Values.ToTerminalId(request.Command), cancellation).ConfigureAwait(false);
            return new Nothing();
        });
}
