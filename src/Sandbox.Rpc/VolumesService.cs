using Grpc.Core;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Runtime;
using Sandbox.Rpc.Wire;

namespace Sandbox.Rpc;

/// <summary>The server end of the volumes.</summary>
public sealed class VolumesService(ISandboxRuntime runtime, ILogger<VolumesService> logger) : Wire.Volumes.VolumesBase
{
    private readonly Answers<IVolumes> _answers = new(runtime.Volumes, logger);

    /// <inheritdoc/>
    public override Task List(Nothing request, IServerStreamWriter<VolumeInfo> responseStream, ServerCallContext context) =>
        _answers.StreamAllAsync(request, responseStream, context, static async (volumes, _, cancellation) =>
            (await volumes.ListAsync(cancellation).ConfigureAwait(false)).Select(VolumesMap.ToWire));

    /// <inheritdoc/>
    public override Task<Nothing> Remove(VolumeRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (volumes, request, cancellation) =>
        {
            await volumes.RemoveAsync(Values.ToVolumeId(request.Id), cancellation).ConfigureAwait(false);
            return Answers.Nothing;
        });
}
