namespace Sandbox.Tutorials.Checks;

/// <summary>A script of the source, with its line ends as LF. Always run with <c>bash file</c>: most have no shebang.</summary>
/// <param name="File">Relative to the root of the import.</param>
public sealed record Script(string File, string Text);

public enum PassRule
{
    /// <summary>Passed if the exit code is 0.</summary>
    ExitCode,

    /// <summary>Passed if the exit code is 0 and a line of the output is <c>done</c>.</summary>
    ExitCodeAndDone,
}

/// <summary>The script that says whether a step is done.</summary>
public sealed record Check(Script Script, PassRule Rule)
{
    /// <summary>Whether a run of the script passes.</summary>
    public bool Passes(int exitCode, string output) =>
        exitCode == 0 && (Rule == PassRule.ExitCode || output.Split('\n').Any(line => line.TrimEnd('\r') == "done"));
}
