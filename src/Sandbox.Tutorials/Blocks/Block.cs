namespace Sandbox.Tutorials.Blocks;

/// <summary>Something of a step that a click brings to life.</summary>
public abstract record Block
{
    /// <summary>The word that reports and the page use.</summary>
    public abstract string Kind { get; }

    /// <summary>Where it begins in the step's file, from 1.</summary>
    public int Line { get; init; }

    /// <summary>It stands within a sentence.</summary>
    public bool Inline { get; init; }

    /// <summary>The language of its text, for highlighting.</summary>
    public string? Language { get; init; }
}

/// <summary>Types a command into a terminal.</summary>
/// <param name="Command">Sent as one paste; several lines are one command.</param>
public sealed record RunBlock(string Command) : Block
{
    public override string Kind => "run";

    /// <summary>The number of the terminal, opened if absent; null is the current one.</summary>
    public int? Terminal { get; init; }

    /// <summary>The name of a terminal, in formats that name them.</summary>
    public string? TerminalName { get; init; }

    /// <summary>The number of the host; null is the first.</summary>
    public int? Host { get; init; }

    /// <summary>Sent to every terminal.</summary>
    public bool AllTerminals { get; init; }

    /// <summary>Control-C is sent first.</summary>
    public bool Interrupt { get; init; }

    /// <summary>Enter is pressed after the command.</summary>
    public bool Enter { get; init; } = true;

    /// <summary>The terminal is cleared first.</summary>
    public bool Clear { get; init; }

    /// <summary><c>^C</c> and <c>^ESC</c> in the command stand for keys.</summary>
    public bool Keys { get; init; }

    /// <summary>The characters to send: bracketed paste and its end are the terminal's.</summary>
    public string Input => Keys
        ? Command.Replace("^ESC", "\u001b", StringComparison.Ordinal).Replace("^C", "\u0003", StringComparison.Ordinal)
        : Command + (Enter ? "\r" : "");
}

/// <summary>Sends Control-C to a terminal.</summary>
public sealed record InterruptBlock : Block
{
    public override string Kind => "interrupt";

    public int? Terminal { get; init; }

    public bool AllTerminals { get; init; }
}

/// <summary>Copies a text to the clipboard.</summary>
public sealed record CopyBlock(string Text) : Block
{
    public override string Kind => "copy";
}

/// <summary>Opens a file in the editor.</summary>
public sealed record OpenFileBlock(string Path) : Block
{
    public override string Kind => "open";

    public string Label { get; init; } = "";

    /// <summary>The line to show, from 1.</summary>
    public int? At { get; init; }
}

public enum WriteMode
{
    /// <summary>The text becomes the whole file.</summary>
    Create,
    Append,
    Prepend,

    /// <summary>The marker in the file becomes the text.</summary>
    Replace,

    /// <summary>The text goes before the line that holds the marker.</summary>
    InsertBefore,

    /// <summary>The text goes after the line that holds the marker.</summary>
    InsertAfter,
}

/// <summary>Writes a text into a file.</summary>
public sealed record WriteFileBlock(string Path, string Text, WriteMode Mode) : Block
{
    public override string Kind => "write";

    public string? Marker { get; init; }

    /// <summary>Permission bits in octal; null leaves them.</summary>
    public string? Permissions { get; init; }
}

/// <summary>Opens a port of the sandbox in a new tab. No port is the page where one chooses.</summary>
public sealed record OpenPortBlock(int? Port, string Path) : Block
{
    public override string Kind => "port";

    public string Label { get; init; } = "";

    public int Host { get; init; } = 1;

    public bool Https { get; init; }

    /// <summary>The virtual host in front of the port's name; null when there is none.</summary>
    public string? VirtualHost { get; init; }
}

/// <summary>Opens a URL outside the sandbox.</summary>
public sealed record OpenUrlBlock(string Url) : Block
{
    public override string Kind => "url";

    public string Label { get; init; } = "";
}

/// <summary>Asks a question; the step goes on once it is answered.</summary>
public sealed record QuizBlock(string Question, QuizKind Answer, IReadOnlyList<QuizChoice> Choices) : Block
{
    public override string Kind => "quiz";
}

public enum QuizKind
{
    One,
    Several,

    /// <summary>The typed text equals one of the right choices.</summary>
    Exact,

    /// <summary>The typed text contains one of the right choices.</summary>
    Contains,
}

/// <summary>One choice, or an accepted text.</summary>
public sealed record QuizChoice(string Text, bool Right);

/// <summary>Asks for the value of a parameter.</summary>
public sealed record ParameterBlock(string Name, string Prompt, string Default) : Block
{
    public override string Kind => "parameter";
}

/// <summary>Runs a named test of the author's in the sandbox.</summary>
public sealed record TestBlock(string Name, IReadOnlyList<string> Arguments) : Block
{
    public override string Kind => "test";

    /// <summary>The test; null when the source lacks it.</summary>
    public Checks.Script? Script { get; init; }

    public int? TimeoutSeconds { get; init; }

    public int Retries { get; init; }

    public string Label { get; init; } = "";
}

/// <summary>A diagram that the browser draws.</summary>
public sealed record DiagramBlock(string Source) : Block
{
    public override string Kind => "diagram";
}
