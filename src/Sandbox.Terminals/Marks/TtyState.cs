using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Sandbox.Terminals.Marks;

/// <summary>How much of its commands a terminal's shell tells.</summary>
public enum ShellIntegration
{
    /// <summary>Nothing, or not yet.</summary>
    None,

    /// <summary>Its prompts: a command and its line are told when it is over.</summary>
    Prompts,

    /// <summary>Each command when it begins and when it is over.</summary>
    Commands,
}

/// <summary>
/// What the shell of a terminal said of itself, as its holder tells it in a <c>TtyFrame.State</c> frame. It is
/// the word of what runs in the sandbox, told apart from what other programs print: enough to show, not to decide by.
/// </summary>
public sealed record TtyState
{
    /// <summary>The most bytes it is read from: a holder outlives what started it, and earlier ones told whole lines.</summary>
    public const int MostBytes = 62 * 1024;

    /// <summary>The most bytes it is written with.</summary>
    public const int MostWritten = 8 * 1024;

    /// <summary>
    /// The longest line and directory that are told, in bytes: a state is made by a few bytes of output. A line is cut
    /// after a whole character; a directory that is longer is not told, since its beginning is another one.
    /// </summary>
    public const int LongestTold = 1024;

    private const ushort Absent = ushort.MaxValue;
    private const int LongestField = 3 * MarkReader.LongestText;

    /// <summary>What the shell's marks hold. Everybody who sees the terminal's bytes sees it.</summary>
    public required string Nonce { get; init; }

    /// <summary>What its shell tells.</summary>
    public ShellIntegration Integration { get; init; }

    /// <summary>The shell's directory, see <see cref="LongestTold"/>.</summary>
    public string? Cwd { get; init; }

    /// <summary>The command that runs.</summary>
    public ShellCommand? Running { get; init; }

    /// <summary>The command that was over last.</summary>
    public ShellCommand? Last { get; init; }

    /// <summary>Writes it; the number of bytes, at most <see cref="MostWritten"/>.</summary>
    public int Write(Span<byte> bytes)
    {
        bytes[0] = (byte)Integration;
        var rest = bytes[1..];
        WriteText(ref rest, Nonce);
        WriteText(ref rest, Cwd);
        WriteCommand(ref rest, Running);
        WriteCommand(ref rest, Last);
        return bytes.Length - rest.Length;
    }

    /// <summary>Reads what <see cref="Write"/> wrote; false for anything else.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TtyState? state)
    {
        state = null;
        if (bytes.IsEmpty || bytes[0] > (byte)ShellIntegration.Commands)
        {
            return false;
        }

        var rest = bytes[1..];
        if (!TryReadText(ref rest, out var nonce) || nonce is null
            || !TryReadText(ref rest, out var cwd)
            || !TryReadCommand(ref rest, out var running)
            || !TryReadCommand(ref rest, out var last)
            || !rest.IsEmpty)
        {
            return false;
        }

        state = new TtyState { Integration = (ShellIntegration)bytes[0], Nonce = nonce, Cwd = cwd, Running = running, Last = last };
        return true;
    }

    // Whole or absent.
    private static void WriteText(ref Span<byte> rest, string? text)
    {
        var start = rest;
        if (WriteBeginning(ref rest, text))
        {
            BinaryPrimitives.WriteUInt16LittleEndian(start, Absent);
            rest = start[sizeof(ushort)..];
        }
    }

    // True when it was cut.
    private static bool WriteBeginning(ref Span<byte> rest, string? text)
    {
        if (text is null)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(rest, Absent);
            rest = rest[sizeof(ushort)..];
            return false;
        }

        Encoding.UTF8.GetEncoder().Convert(text, rest.Slice(sizeof(ushort), LongestTold), flush: true, out _, out var length, out var isWhole);
        BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)length);
        rest = rest[(sizeof(ushort) + length)..];
        return !isWhole;
    }

    private static bool TryReadText(ref ReadOnlySpan<byte> rest, out string? text)
    {
        text = null;
        if (!BinaryPrimitives.TryReadUInt16LittleEndian(rest, out var length))
        {
            return false;
        }

        rest = rest[sizeof(ushort)..];
        if (length == Absent)
        {
            return true;
        }

        if (length > LongestField || length > rest.Length)
        {
            return false;
        }

        text = Encoding.UTF8.GetString(rest[..length]);
        rest = rest[length..];
        return true;
    }

    // Flags (1 there, 2 cut, 4 with an exit code), line, directory, i32 exit code, two times, three offsets.
    private const int Numbers = sizeof(int) + (5 * sizeof(long));

    private static void WriteCommand(ref Span<byte> rest, ShellCommand? command)
    {
        ref var flags = ref rest[0];
        flags = (byte)(command is null ? 0 : 1 | (command.IsCut ? 2 : 0) | (command.ExitCode is null ? 0 : 4));
        rest = rest[1..];
        if (command is null)
        {
            return;
        }

        flags |= (byte)(WriteBeginning(ref rest, command.Line) ? 2 : 0);
        WriteText(ref rest, command.Cwd);
        BinaryPrimitives.WriteInt32LittleEndian(rest, command.ExitCode ?? 0);
        BinaryPrimitives.WriteInt64LittleEndian(rest[4..], command.StartedAt);
        BinaryPrimitives.WriteInt64LittleEndian(rest[12..], command.EndedAt);
        BinaryPrimitives.WriteUInt64LittleEndian(rest[20..], command.PromptAt);
        BinaryPrimitives.WriteUInt64LittleEndian(rest[28..], command.OutputAt);
        BinaryPrimitives.WriteUInt64LittleEndian(rest[36..], command.OutputEnd);
        rest = rest[Numbers..];
    }

    private static bool TryReadCommand(ref ReadOnlySpan<byte> rest, out ShellCommand? command)
    {
        command = null;
        if (rest.IsEmpty)
        {
            return false;
        }

        var flags = rest[0];
        rest = rest[1..];
        if (flags == 0)
        {
            return true;
        }

        if (!TryReadText(ref rest, out var line) || !TryReadText(ref rest, out var cwd) || rest.Length < Numbers)
        {
            return false;
        }

        command = new ShellCommand
        {
            Line = line,
            IsCut = (flags & 2) != 0,
            Cwd = cwd,
            ExitCode = (flags & 4) != 0 ? BinaryPrimitives.ReadInt32LittleEndian(rest) : null,
            StartedAt = BinaryPrimitives.ReadInt64LittleEndian(rest[4..]),
            EndedAt = BinaryPrimitives.ReadInt64LittleEndian(rest[12..]),
            PromptAt = BinaryPrimitives.ReadUInt64LittleEndian(rest[20..]),
            OutputAt = BinaryPrimitives.ReadUInt64LittleEndian(rest[28..]),
            OutputEnd = BinaryPrimitives.ReadUInt64LittleEndian(rest[36..]),
        };
        rest = rest[Numbers..];
        return true;
    }
}
