using Port = Sandbox.Core.Files;

namespace Sandbox.Rpc.Wire;

/// <summary>Directory entries and uploads in and out of messages.</summary>
internal static class FilesMap
{
    internal static FileEntry ToWire(this Port.FileEntry entry) => new()
    {
        Name = entry.Name.ToWire(),
        Kind = (FileKind)((int)entry.Kind + 1),
        Size = entry.Size,
        Mode = entry.Mode,
        Modified = entry.Modified.ToWire(),
    };

    internal static Port.FileEntry ToCore(this FileEntry wire) => new(
        wire.Name.Memory,
        Values.ToEnum<Port.FileKind>((int)wire.Kind, "file kind"),
        wire.Size,
        wire.Mode,
        Values.ToTime(wire.Modified));

    internal static BeginUploadRequest ToWire(this Port.UploadSpec spec, string id)
    {
        var wire = new BeginUploadRequest { Id = id, Upload = spec.Id.Value, Path = spec.Path.ToWire(), Length = spec.Length };
        if (spec.Mode is { } bits)
        {
            wire.Mode = bits;
        }

        if (spec.Owner is not null)
        {
            wire.Owner = spec.Owner;
        }

        return wire;
    }

    internal static Port.UploadSpec ToCore(this BeginUploadRequest wire) => new()
    {
        Id = Values.ToUploadId(wire.Upload),
        Path = Values.ToPath(wire.Path),
        Length = wire.Length,
        Mode = wire.HasMode ? wire.Mode : null,
        Owner = wire.HasOwner ? Values.ToOwner(wire.Owner) : null,
    };

    internal static UploadInfo ToWire(this Port.UploadInfo info) => new() { Upload = info.Id.Value, Offset = info.Offset, Length = info.Length };

    internal static Port.UploadInfo ToCore(this UploadInfo wire) => new(Values.ToUploadId(wire.Upload), wire.Offset, wire.Length);
}
