namespace Sandbox.Terminals.Screens;

internal enum ParserState : byte
{
    Ground,
    Escape,
    EscapeIntermediate,
    CsiEntry,
    CsiParameter,
    CsiIntermediate,
    CsiIgnore,
    IgnoredString,
    OscString,
    DcsEntry,
    DcsParameter,
    DcsIgnore,
    DcsIntermediate,
    DcsPassthrough,
}

internal enum ParserAction : byte
{
    Ignore,
    Error,
    Print,
    Execute,
    OscStart,
    OscPut,
    OscEnd,
    CsiDispatch,
    Parameter,
    Collect,
    EscapeDispatch,
    Clear,
    DcsHook,
    DcsPut,
    DcsUnhook,
}

/// <summary>
/// What each code does in each state: Paul Williams' parser (https://vt100.net/emu/dec_ansi_parser) as xterm.js has it,
/// which differs in that the C1 controls stand for themselves everywhere and BEL ends an OSC.
/// </summary>
internal static class ParserTable
{
    /// <summary>Every code from here on is in the same class.</summary>
    public const int NotAscii = 0xA0;

    private const int States = (int)ParserState.DcsPassthrough + 1;

    private static readonly byte[] Transitions = Make();

    public static (ParserAction Action, ParserState Next) Step(ParserState state, int code)
    {
        var transition = Transitions[((int)state << 8) | Math.Min(code, NotAscii)];
        return ((ParserAction)(transition >> 4), (ParserState)(transition & 15));
    }

    private static byte[] Make()
    {
        var table = new byte[States << 8];
        Array.Fill(table, Entry(ParserAction.Error, ParserState.Ground));
        void Add(ParserState state, int from, int to, ParserAction action, ParserState next) =>
            table.AsSpan(((int)state << 8) + from, to - from + 1).Fill(Entry(action, next));
        void Controls(ParserState state, ParserAction action)
        {
            Add(state, 0x00, 0x17, action, state);
            Add(state, 0x19, 0x19, action, state);
            Add(state, 0x1C, 0x1F, action, state);
        }

        for (var state = ParserState.Ground; state <= ParserState.DcsPassthrough; state++)
        {
            Add(state, 0x18, 0x18, ParserAction.Execute, ParserState.Ground);
            Add(state, 0x1A, 0x1A, ParserAction.Execute, ParserState.Ground);
            Add(state, 0x80, 0x9A, ParserAction.Execute, ParserState.Ground);
            Add(state, 0x9C, 0x9C, ParserAction.Ignore, ParserState.Ground);
            Add(state, 0x1B, 0x1B, ParserAction.Clear, ParserState.Escape);
            Add(state, 0x9D, 0x9D, ParserAction.OscStart, ParserState.OscString);
            Add(state, 0x98, 0x98, ParserAction.Ignore, ParserState.IgnoredString);
            Add(state, 0x9E, 0x9F, ParserAction.Ignore, ParserState.IgnoredString);
            Add(state, 0x9B, 0x9B, ParserAction.Clear, ParserState.CsiEntry);
            Add(state, 0x90, 0x90, ParserAction.Clear, ParserState.DcsEntry);
        }

        Add(ParserState.Ground, 0x20, 0x7E, ParserAction.Print, ParserState.Ground);
        Add(ParserState.Ground, NotAscii, NotAscii, ParserAction.Print, ParserState.Ground);
        Controls(ParserState.Ground, ParserAction.Execute);

        Controls(ParserState.Escape, ParserAction.Execute);
        Add(ParserState.Escape, 0x20, 0x2F, ParserAction.Collect, ParserState.EscapeIntermediate);
        Add(ParserState.Escape, 0x30, 0x7E, ParserAction.EscapeDispatch, ParserState.Ground);
        Add(ParserState.Escape, 'P', 'P', ParserAction.Clear, ParserState.DcsEntry);
        Add(ParserState.Escape, 'X', 'X', ParserAction.Ignore, ParserState.IgnoredString);
        Add(ParserState.Escape, '^', '_', ParserAction.Ignore, ParserState.IgnoredString);
        Add(ParserState.Escape, '[', '[', ParserAction.Clear, ParserState.CsiEntry);
        Add(ParserState.Escape, ']', ']', ParserAction.OscStart, ParserState.OscString);
        Add(ParserState.Escape, 0x7F, 0x7F, ParserAction.Ignore, ParserState.Escape);

        Controls(ParserState.EscapeIntermediate, ParserAction.Execute);
        Add(ParserState.EscapeIntermediate, 0x20, 0x2F, ParserAction.Collect, ParserState.EscapeIntermediate);
        Add(ParserState.EscapeIntermediate, 0x30, 0x7E, ParserAction.EscapeDispatch, ParserState.Ground);
        Add(ParserState.EscapeIntermediate, 0x7F, 0x7F, ParserAction.Ignore, ParserState.EscapeIntermediate);

        foreach (var state in (ReadOnlySpan<ParserState>)[ParserState.CsiEntry, ParserState.CsiParameter, ParserState.CsiIntermediate])
        {
            Controls(state, ParserAction.Execute);
            Add(state, 0x20, 0x2F, ParserAction.Collect, ParserState.CsiIntermediate);
            Add(state, 0x30, 0x3B, ParserAction.Parameter, ParserState.CsiParameter);
            Add(state, 0x3C, 0x3F, ParserAction.Ignore, ParserState.CsiIgnore);
            Add(state, 0x40, 0x7E, ParserAction.CsiDispatch, ParserState.Ground);
            Add(state, 0x7F, 0x7F, ParserAction.Ignore, state);
        }

        Add(ParserState.CsiEntry, 0x3C, 0x3F, ParserAction.Collect, ParserState.CsiParameter);
        Add(ParserState.CsiIntermediate, 0x30, 0x3F, ParserAction.Ignore, ParserState.CsiIgnore);
        Controls(ParserState.CsiIgnore, ParserAction.Execute);
        Add(ParserState.CsiIgnore, 0x20, 0x3F, ParserAction.Ignore, ParserState.CsiIgnore);
        Add(ParserState.CsiIgnore, 0x40, 0x7E, ParserAction.Ignore, ParserState.Ground);
        Add(ParserState.CsiIgnore, 0x7F, 0x7F, ParserAction.Ignore, ParserState.CsiIgnore);
        Add(ParserState.CsiIgnore, NotAscii, NotAscii, ParserAction.Ignore, ParserState.CsiIgnore);

        Controls(ParserState.IgnoredString, ParserAction.Ignore);
        Add(ParserState.IgnoredString, 0x20, 0x7F, ParserAction.Ignore, ParserState.IgnoredString);

        Controls(ParserState.OscString, ParserAction.Ignore);
        Add(ParserState.OscString, 0x20, 0x7F, ParserAction.OscPut, ParserState.OscString);
        Add(ParserState.OscString, NotAscii, NotAscii, ParserAction.OscPut, ParserState.OscString);
        foreach (var end in (ReadOnlySpan<int>)[0x07, 0x18, 0x1A, 0x1B, 0x9C])
        {
            Add(ParserState.OscString, end, end, ParserAction.OscEnd, ParserState.Ground);
        }

        foreach (var state in (ReadOnlySpan<ParserState>)[ParserState.DcsEntry, ParserState.DcsParameter, ParserState.DcsIntermediate])
        {
            Controls(state, ParserAction.Ignore);
            Add(state, 0x20, 0x2F, ParserAction.Collect, ParserState.DcsIntermediate);
            Add(state, 0x30, 0x3B, ParserAction.Parameter, ParserState.DcsParameter);
            Add(state, 0x3C, 0x3F, ParserAction.Ignore, ParserState.DcsIgnore);
            Add(state, 0x40, 0x7E, ParserAction.DcsHook, ParserState.DcsPassthrough);
            Add(state, 0x7F, 0x7F, ParserAction.Ignore, state);
        }

        Add(ParserState.DcsEntry, 0x3C, 0x3F, ParserAction.Collect, ParserState.DcsParameter);
        Add(ParserState.DcsIntermediate, 0x30, 0x3F, ParserAction.Ignore, ParserState.DcsIgnore);
        Controls(ParserState.DcsIgnore, ParserAction.Ignore);
        Add(ParserState.DcsIgnore, 0x20, 0x7F, ParserAction.Ignore, ParserState.DcsIgnore);
        Add(ParserState.DcsIgnore, NotAscii, NotAscii, ParserAction.Ignore, ParserState.DcsIgnore);

        Controls(ParserState.DcsPassthrough, ParserAction.DcsPut);
        Add(ParserState.DcsPassthrough, 0x20, 0x7E, ParserAction.DcsPut, ParserState.DcsPassthrough);
        Add(ParserState.DcsPassthrough, 0x7F, 0x7F, ParserAction.Ignore, ParserState.DcsPassthrough);
        Add(ParserState.DcsPassthrough, NotAscii, NotAscii, ParserAction.DcsPut, ParserState.DcsPassthrough);
        foreach (var end in (ReadOnlySpan<int>)[0x18, 0x1A, 0x1B, 0x9C])
        {
            Add(ParserState.DcsPassthrough, end, end, ParserAction.DcsUnhook, ParserState.Ground);
        }

        return table;
    }

    private static byte Entry(ParserAction action, ParserState next) => (byte)(((int)action << 4) | (int)next);
}
