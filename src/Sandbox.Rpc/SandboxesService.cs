using Grpc.Core;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Runtime;
using Sandbox.Core.Snapshots;
using Sandbox.Rpc.Wire;

namespace Sandbox.Rpc;

/// <summary>The server end of the sandboxes. The client is not trusted; ids, limits and recipe fields are checked here.</summary>
public sealed class SandboxesService(ISandboxRuntime runtime, ILogger<SandboxesService> logger) : Wire.Sandboxes.SandboxesBase
{
    private readonly Answers<ISandboxes> _answers = new(runtime.Sandboxes, logger);
    private readonly Answers<ISandboxPorts> _ports = new(runtime.Ports, logger);

    /// <inheritdoc/>
    public override Task<SandboxInfo> Create(SandboxSpec request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (sandboxes, request, cancellation) =>
        {
            var spec = request.ToCore();
            Values.Refuse(Core.Sandboxes.SandboxRules.Validate(spec));
            return (await sandboxes.CreateAsync(spec, cancellation).ConfigureAwait(false)).ToWire();
        });

    /// <inheritdoc/>
    public override Task List(Nothing request, IServerStreamWriter<SandboxInfo> responseStream, ServerCallContext context) =>
        _answers.StreamAllAsync(request, responseStream, context, static async (sandboxes, _, cancellation) =>
            (await sandboxes.ListAsync(cancellation).ConfigureAwait(false)).Select(SandboxesMap.ToWire));

    /// <inheritdoc/>
    public override Task<FindSandboxReply> Find(SandboxRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (sandboxes, request, cancellation) => new FindSandboxReply
        {
            Sandbox = (await sandboxes.FindAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false))?.ToWire(),
        });

    /// <inheritdoc/>
    public override Task<SandboxInfo> Start(SandboxRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (sandboxes, request, cancellation) =>
            (await sandboxes.StartAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false)).ToWire());

    /// <inheritdoc/>
    public override Task<SandboxInfo> Stop(StopRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (sandboxes, request, cancellation) =>
        {
            var grace = TimeSpan.FromTicks(request.Grace);
            if (grace < TimeSpan.Zero || grace > CommandRules.MaxGrace)
            {
                throw new SandboxException(ErrorCode.Invalid, "grace: 0 to 300 seconds");
            }

            return (await sandboxes.StopAsync(Values.ToSandboxId(request.Id), grace, cancellation).ConfigureAwait(false)).ToWire();
        });

    /// <inheritdoc/>
    public override Task<PortsReply> ListPorts(SandboxRequest request, ServerCallContext context) =>
        _ports.AnswerAsync(request, context, static async (ports, request, cancellation) =>
            new PortsReply { Ports = { await ports.ListAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false) } });

    /// <inheritdoc/>
    public override Task<SandboxInfo> Pause(SandboxRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (sandboxes, request, cancellation) =>
            (await sandboxes.PauseAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false)).ToWire());

    /// <inheritdoc/>
    public override Task<SandboxInfo> Resume(SandboxRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (sandboxes, request, cancellation) =>
            (await sandboxes.ResumeAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false)).ToWire());

    /// <inheritdoc/>
    public override Task<SandboxInfo> Extend(ExtendRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (sandboxes, request, cancellation) =>
            (await sandboxes.ExtendAsync(Values.ToSandboxId(request.Id), Values.ToTime(request.Deadline), cancellation).ConfigureAwait(false)).ToWire());

    /// <inheritdoc/>
    public override Task<Nothing> Remove(SandboxRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (sandboxes, request, cancellation) =>
        {
            await sandboxes.RemoveAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false);
            return Answers.Nothing;
        });

    /// <inheritdoc/>
    public override Task Watch(Nothing request, IServerStreamWriter<SandboxInfo> responseStream, ServerCallContext context) =>
        _answers.StreamAsync(request, responseStream, context, static (sandboxes, _, cancellation) =>
            sandboxes.WatchAsync(cancellation).Select(SandboxesMap.ToWire));

    /// <inheritdoc/>
    public override Task<ExecReply> Exec(ExecRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (sandboxes, request, cancellation) =>
        {
            var id = Values.ToSandboxId(request.Id);
            var spec = request.ToCore();
            Values.Refuse(CommandRules.Validate(spec));
            return (await sandboxes.ExecAsync(id, spec, cancellation).ConfigureAwait(false)).ToWire();
        });

    /// <inheritdoc/>
    public override Task ExecStream(ExecRequest request, IServerStreamWriter<ExecPart> responseStream, ServerCallContext context) =>
        _answers.StreamAsync(request, responseStream, context, static (sandboxes, request, cancellation) =>
        {
            var spec = request.ToCore();
            Values.Refuse(CommandRules.Validate(spec));
            return sandboxes.ExecStreamAsync(Values.ToSandboxId(request.Id), spec, cancellation).Select(SandboxesMap.ToWire);
        });

    /// <inheritdoc/>
    public override Task ReadLog(ReadLogRequest request, IServerStreamWriter<Chunk> responseStream, ServerCallContext context) =>
        _answers.StreamAsync(request, responseStream, context, static (sandboxes, request, cancellation) =>
            sandboxes.ReadLogAsync(Values.ToSandboxId(request.Id), request.Follow, cancellation)
                .SelectMany(Values.Pieces)
                .Select(static piece => new Chunk { Data = piece.ToWire() }));

    /// <inheritdoc/>
    public override Task<SnapshotReply> Snapshot(SnapshotRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (sandboxes, request, cancellation) =>
        {
            var spec = request.ToCore();
            Values.Refuse(SnapshotRules.Validate(spec));
            return (await sandboxes.SnapshotAsync(Values.ToSandboxId(request.Id), spec, cancellation).ConfigureAwait(false)).ToWire();
        });

    /// <inheritdoc/>
    public override Task Inspect(SandboxRequest request, IServerStreamWriter<SnapshotPart> responseStream, ServerCallContext context) =>
        _answers.StreamAllAsync(request, responseStream, context, static async (sandboxes, request, cancellation) =>
            (await sandboxes.InspectAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false)).ToWire());
}
