using Port = Sandbox.Core.Files;

namespace Sandbox.Rpc.Wire;

/// <summary>Uploads in and out of messages.</summary>
internal static class Uploads
{
    internal static BeginUploadRequest ToWire(this Port.UploadSpec spec, string id)
    {
        var wire = new BeginUploadRequest { Id = id, Upload = spec.Id.Value, Path = spec.Path.ToWire(), Length = spec.Length };
        if (spec.Mode is { } bits)
        {
            wire.Mode = bits;
        }

        return wire;
    }

    internal static Port.UploadSpec ToCore(this BeginUploadRequest wire) => new()
    {
        Id = Values.ToUploadId(wire.Upload),
        Path = Values.ToPath(wire.Path),
        Length = wire.Length,
        Mode = wire.HasMode ? wire.Mode : null,
    };

    internal static UploadInfo ToWire(this Port.UploadInfo info) => new() { Upload = info.Id.Value, Offset = info.Offset, Length = info.Length };

    internal static Port.UploadInfo ToCore(this UploadInfo wire) => new(Values.ToUploadId(wire.Upload), wire.Offset, wire.Length);
}
