using System.Globalization;

namespace Sandbox.Terminals.Marks;

/// <summary>Follows the commands of a terminal's shell by its marks.</summary>
public sealed class CommandMarks
{
    private readonly MarkReader _reader;

    private ShellIntegration _integration;
    private string? _cwd;
    private ShellCommand? _running;
    private ShellCommand? _last;
    private ulong _promptAt;

    // The line told for the command that comes next; of a shell with prompts only, lines that it was continued from, the
    // line its history ended with before, and where the marks of this prompt began.
    private string? _line;
    private bool _isCut;
    private string _continued = "";
    private string? _lineBefore;
    private ulong _marksAt;

    // What the history ended with before anything was read, until it ends with something else.
    private string? _lineOfOthers;
    private bool _hasPrompted;

    // The end of the prompt, while nothing was seen that was typed after it.
    private (ulong At, long Time)? _input;

    /// <param name="nonce">What the shell was given.</param>
    public CommandMarks(string nonce)
    {
        _reader = new MarkReader(nonce);
        State = new TtyState { Nonce = nonce };
    }

    /// <summary>Whether output came before what is read: a line in a history may be from then, and is no later command's.</summary>
    public bool IsLate { get; init; }

    /// <summary>Reads what is shown of the lines that are typed, for who may tell no more than that; null when nobody asks.</summary>
    public LineEcho? Echo { get; init; }

    /// <summary>Is told of each command as soon as its line is known: when it begins, or of a shell with prompts only when it is over.</summary>
    public Action<ShellCommand>? Learned { get; set; }

    /// <summary>What is known now.</summary>
    public TtyState State { get; private set; }

    /// <summary>Reads on; true when <see cref="State"/> is another one.</summary>
    /// <param name="bytes">What the terminal printed next.</param>
    /// <param name="now">The time, in milliseconds since 1970.</param>
    public bool Read(ReadOnlySpan<byte> bytes, long now)
    {
        var changed = false;
        while (true)
        {
            var rest = bytes;
            var isMarked = _reader.TryRead(ref bytes, out var mark);
            Echo?.Read(rest[..^bytes.Length]);
            if (!isMarked)
            {
                break;
            }

            Take(mark, now);
            changed = true;
        }

        return changed && Tell();
    }

    /// <summary>
    /// Goes on at an offset further on, if it is one; what lay between is lost. With it may be the end of the command that
    /// runs and the beginning of the next one, and what a history ends with then is perhaps from there.
    /// </summary>
    public void Skip(ulong to)
    {
        if (to == _reader.Position)
        {
            return;
        }

        _reader.Skip(to);
        Echo?.Begin();
        (_running, _line, _isCut, _continued, _input) = (null, null, false, "", null);
        _hasPrompted = false;
        Tell();
    }

    private bool Tell()
    {
        var before = State;
        State = before with { Integration = _integration, Cwd = _cwd, Running = _running, Last = _last };
        return State != before;
    }

    private void Take(ShellMark mark, long now)
    {
        switch (mark.Kind)
        {
            case ShellMarks.Property:
                Property(mark);
                break;
            case ShellMarks.Prompt:
                if (_integration == ShellIntegration.None)
                {
                    _integration = ShellIntegration.Commands;
                }

                // A prompt without an end before it: the shell lost track of what it ran.
                End(null, mark.Begin, now);
                _promptAt = mark.Begin;
                if (Echo is { IsOpen: false })
                {
                    Echo.Begin();
                }

                break;
            case ShellMarks.Input when _integration == ShellIntegration.Prompts:
                _input = (mark.End, now);
                _reader.Watch(typed: false);
                break;
            case ShellMarks.More:
                // It was not the end of the line yet.
                _continued += mark.Text + "\n";
                _continued = _continued.Length > MarkReader.LongestText ? _continued[..MarkReader.LongestText] : _continued;
                _running = null;
                _reader.Watch(typed: true);
                break;
            case ShellMarks.Line:
                (_line, _isCut) = (mark.Text, mark.IsCut);
                break;
            case ShellMarks.Entered:
                _input = null;
                Echo?.End();
                Begin(null, false, mark.End, now);
                break;
            case ShellMarks.Output when _integration != ShellIntegration.Prompts:
                Begin(_line, _isCut, mark.End, now);
                (_line, _isCut) = (null, false);
                Learn(_running!);
                break;
            case ShellMarks.Done when _integration == ShellIntegration.Prompts:
                DoneAtPrompt(ExitCode(mark.Text), now);
                break;
            case ShellMarks.Done:
                End(ExitCode(mark.Text), mark.Begin, now);
                break;
        }
    }

    private void Property(ShellMark mark)
    {
        if (mark.Text.StartsWith("Cwd=", StringComparison.Ordinal))
        {
            _cwd = mark.IsCut ? null : mark.Text["Cwd=".Length..];
        }
        else if (mark.Text is "Integration=prompt")
        {
            _integration = ShellIntegration.Prompts;
            _marksAt = mark.Begin;
        }
    }

    private void Begin(string? line, bool isCut, ulong outputAt, long now) => _running = new ShellCommand
    {
        Line = line,
        IsCut = isCut,
        Cwd = _cwd,
        StartedAt = now,
        PromptAt = _promptAt,
        OutputAt = outputAt,
    };

    // What was shown of one line is nothing of the next.
    private void Learn(ShellCommand command)
    {
        Learned?.Invoke(command);
        Echo?.Clear();
        Echo?.End();
    }

    private void End(int? exitCode, ulong outputEnd, long now)
    {
        if (_running is { } command)
        {
            _last = command with { ExitCode = exitCode, EndedAt = now, OutputEnd = outputEnd };
            _running = null;
        }
    }

    // The line comes with the prompt after it, if the shell has a history. A line that was given up with Ctrl-C was
    // entered as far as can be seen; but nothing came of it, in the history as on the screen.
    private void DoneAtPrompt(int? exitCode, long now)
    {
        var isNew = _line is not null && _line != _lineBefore;
        if (_running is null && _input is { } input && (isNew || _line is null && _marksAt > input.At))
        {
            // What is typed before there is a prompt may be shown before it too.
            Begin(null, false, input.At, input.Time);
        }

        _lineOfOthers = IsLate && !_hasPrompted ? _line : _line == _lineOfOthers ? _lineOfOthers : null;
        _hasPrompted = true;
        _input = null;
        var givenUp = exitCode == 130 && !isNew && _running?.OutputAt == _marksAt;
        if (_running is { } command && !givenUp)
        {
            var line = _line is null || _line == _lineOfOthers ? null : _continued + _line;
            var isCut = line?.Length > MarkReader.LongestText;
            _running = command with { Line = isCut ? line![..MarkReader.LongestText] : line, IsCut = isCut };
            End(exitCode, _marksAt, now);
            Learn(_last!);
        }

        Echo?.End();
        _running = null;
        _lineBefore = _line;
        _line = null;
        _continued = "";
    }

    private static int? ExitCode(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var code) ? code : null;
}
