using Port = Sandbox.Core.Files;

namespace Sandbox.Rpc.Wire;

/// <summary>Directory entries in and out of messages.</summary>
internal static class Files
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
}
