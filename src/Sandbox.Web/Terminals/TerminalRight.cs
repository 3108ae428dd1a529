namespace Sandbox.Web.Terminals;

/// <summary>What a caller may do with a terminal; each right includes those before it.</summary>
internal enum TerminalRight
{
    /// <summary>See its output.</summary>
    Watch,

    /// <summary>Type in it.</summary>
    Type,

    /// <summary>Everything: open, hang up, decide on its size.</summary>
    Own,
}
