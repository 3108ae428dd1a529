namespace Sandbox.Terminals.Screens;

/// <summary>What a program switched on or off in its terminal, and DECSTR puts back.</summary>
internal struct ScreenModes
{
    public ScreenModes() => Wraps = true;

    public bool Inserts { get; set; }

    public bool ApplicationCursor { get; set; }

    public bool ApplicationKeypad { get; set; }

    public bool Origin { get; set; }

    public bool Wraps { get; set; }

    public bool WrapsBack { get; set; }

    public bool ReportsFocus { get; set; }

    public bool BracketsPaste { get; set; }

    /// <summary>As in DECSCUSR; 0 is what the page likes.</summary>
    public int CursorStyle { get; set; }
}
