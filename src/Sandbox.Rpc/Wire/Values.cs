using Google.Protobuf;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Core.Volumes;

namespace Sandbox.Rpc.Wire;

/// <summary>Single values in and out of messages. Malformed values are <see cref="ErrorCode.Invalid"/>.</summary>
internal static class Values
{
    internal static SandboxId ToSandboxId(string text) =>
        SandboxId.TryParse(text, out var id) ? id : throw Faults.Malformed("sandbox id");

    internal static PlaygroundId ToPlaygroundId(string text) =>
        PlaygroundId.TryParse(text, out var id) ? id : throw Faults.Malformed("playground id");

    internal static VolumeId ToVolumeId(string text) =>
        VolumeId.TryParse(text, out var id) ? id : throw Faults.Malformed("volume id");

    internal static PersonId ToPersonId(string text) =>
        PersonId.TryParse(text, out var id) ? id : throw Faults.Malformed("person id");

    internal static TerminalId ToTerminalId(string text) =>
        TerminalId.TryParse(text, out var id) ? id : throw Faults.Malformed("terminal id");

    internal static UploadId ToUploadId(string text) =>
        UploadId.TryParse(text, out var id) ? id : throw Faults.Malformed("upload id");

    internal static Digest ToDigest(string text) =>
        Digest.TryParse(text, out var digest) ? digest : throw Faults.Malformed("digest");

    internal static SandboxPath ToPath(ByteString bytes) =>
        SandboxPath.TryParse(bytes.Span, out var path) ? path : throw Faults.Malformed("path");

    internal static ByteString ToWire(this SandboxPath path) => ByteString.CopyFrom(path.Bytes);

    internal static ByteString ToWire(this ReadOnlyMemory<byte> bytes) => UnsafeByteOperations.UnsafeWrap(bytes);

    /// <summary>100 ns since the Unix epoch: every tick of a .NET time survives, so equal times stay equal.</summary>
    internal static long ToWire(this DateTimeOffset time) => time.UtcTicks - DateTime.UnixEpoch.Ticks;

    internal static DateTimeOffset ToTime(long ticks) =>
        ticks >= -DateTime.UnixEpoch.Ticks && ticks <= DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks
            ? new DateTimeOffset(DateTime.UnixEpoch.Ticks + ticks, TimeSpan.Zero)
            : throw Faults.Malformed("time");

    /// <summary>The enums of the wire are those of Core moved by one, because proto3 wants 0 for "not set".</summary>
    internal static T ToEnum<T>(int wire, string what)
        where T : struct, Enum
    {
        var value = (T)Enum.ToObject(typeof(T), wire - 1);
        return Enum.IsDefined(value) ? value : throw Faults.Malformed(what);
    }

    /// <summary>Refuses what has mistakes, naming all of them.</summary>
    internal static void Refuse(IReadOnlyList<string> mistakes)
    {
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }
    }

    /// <summary>Content in pieces that fit into one message each.</summary>
    internal static IEnumerable<ReadOnlyMemory<byte>> Pieces(ReadOnlyMemory<byte> content)
    {
        for (; content.Length > RpcLimits.ChunkBytes; content = content[RpcLimits.ChunkBytes..])
        {
            yield return content[..RpcLimits.ChunkBytes];
        }

        if (content.Length > 0)
        {
            yield return content;
        }
    }

    /// <summary>A user and a group of a sandbox; whether it has them is found out there.</summary>
    internal static string ToOwner(string text) => text.Length is > 0 and <= Core.Files.FileWish.LongestOwner && !text.Any(char.IsControl) ? text : throw Faults.Malformed("owner");
}
