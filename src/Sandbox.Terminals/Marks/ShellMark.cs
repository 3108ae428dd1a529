namespace Sandbox.Terminals.Marks;

/// <summary>What a shell says of itself between its output, see <see cref="MarkReader"/>.</summary>
/// <param name="Kind">Which of <see cref="ShellMarks"/> it is.</param>
/// <param name="Begin">The offset of its first byte.</param>
/// <param name="End">The offset after its last byte.</param>
/// <param name="Text">Of a line and a property the text, of an end the exit code; else empty.</param>
/// <param name="IsCut">Whether the text is only the beginning of what it should be.</param>
public readonly record struct ShellMark(byte Kind, ulong Begin, ulong End, string Text, bool IsCut);

/// <summary>The kinds of marks, by the letters they have in OSC 633. https://code.visualstudio.com/docs/terminal/shell-integration</summary>
public static class ShellMarks
{
    /// <summary>A prompt begins.</summary>
    public const byte Prompt = (byte)'A';

    /// <summary>The prompt is there; what follows is typed.</summary>
    public const byte Input = (byte)'B';

    /// <summary>The line that was entered runs from here.</summary>
    public const byte Output = (byte)'C';

    /// <summary>It is over, with an exit code.</summary>
    public const byte Done = (byte)'D';

    /// <summary>The line that was entered; of a shell with prompts only, the newest in its history.</summary>
    public const byte Line = (byte)'E';

    /// <summary>A line that goes on in the next one, whose prompt follows.</summary>
    public const byte More = (byte)'F';

    /// <summary>A property, <c>Cwd=/root</c>.</summary>
    public const byte Property = (byte)'P';

    /// <summary>No mark of the shell's: somebody pressed Enter at a prompt, see <see cref="MarkReader.Watch"/>.</summary>
    public const byte Entered = (byte)'\n';
}
