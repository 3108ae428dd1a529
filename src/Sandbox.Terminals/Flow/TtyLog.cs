using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Sandbox.Terminals.Flow;

/// <summary>
/// The file in which the holder of an image's own command, or of a detached one, keeps the last of its output and how it is. It lies in memory
/// (the run directory) and has a bounded size: a header, then a ring of <see cref="Kept"/> bytes in which the byte at
/// offset n of the output is at n modulo that. The holder writes bytes before it counts them, so a reader drops those
/// that were overwritten meanwhile.
/// <code>
/// 0  8  bytes printed since the command began
/// 8  4  host pid of the command; 0 until it is known
/// 12 4  exit code; -1 while it runs
/// 16 4  bits, TtyLogUses
/// 20 12 reserved
/// </code>
/// </summary>
public static class TtyLog
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 32;

    /// <summary>Bytes of output that are kept.</summary>
    public const int Kept = 256 * 1024;

    /// <summary>Where a byte of the output is in the file.</summary>
    public static long PositionOf(ulong offset) => HeaderLength + (long)(offset % Kept);

    /// <summary>Writes a header.</summary>
    public static void Write(Span<byte> header, TtyLogState state)
    {
        header[..HeaderLength].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(header, state.End);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], state.Pid);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], state.ExitCode ?? -1);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], (int)state.Uses);
    }

    /// <summary>Reads a header.</summary>
    public static TtyLogState Read(ReadOnlySpan<byte> header)
    {
        var code = BinaryPrimitives.ReadInt32LittleEndian(header[12..]);
        return new TtyLogState(
            BinaryPrimitives.ReadUInt64LittleEndian(header),
            BinaryPrimitives.ReadInt32LittleEndian(header[8..]),
            code < 0 ? null : code,
            (TtyLogUses)BinaryPrimitives.ReadInt32LittleEndian(header[16..]));
    }
}

/// <summary>How an image's own command is.</summary>
/// <param name="End">Bytes it has printed.</param>
/// <param name="Pid">Its process on the host; 0 until it is known.</param>
/// <param name="ExitCode">How it ended; null while it runs.</param>
/// <param name="Uses">What people did with it.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TtyLogState(ulong End, int Pid, int? ExitCode, TtyLogUses Uses);

/// <summary>What people did with the terminal of an image's own command.</summary>
[Flags]
public enum TtyLogUses
{
    /// <summary>Nothing yet.</summary>
    None = 0,

    /// <summary>Somebody looked at it.</summary>
    Seen = 1,

    /// <summary>Somebody typed into it, or closed it.</summary>
    Used = 2,
}
