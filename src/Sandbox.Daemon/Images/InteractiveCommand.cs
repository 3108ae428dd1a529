namespace Sandbox.Daemon.Images;

/// <summary>Distinguishes an interactive image from a service, by its command.</summary>
internal static class InteractiveCommand
{
    private static readonly HashSet<string> Readers = new(StringComparer.Ordinal)
    {
        "sh", "bash", "ash", "dash", "zsh", "fish", "ksh", "busybox", "python", "node", "irb",
    };

    private static readonly HashSet<string> Inits = new(StringComparer.Ordinal) { "tini", "dumb-init", "catatonit", "docker-init" };

    /// <summary>
    /// True when nothing is run, or a shell or a REPL that reads what is typed: <c>bash</c>, <c>/bin/sh -l</c>,
    /// <c>docker-entrypoint.sh node</c>, <c>tini -- python3</c>. False as soon as it is given something to run,
    /// <c>sh -c "exec serve"</c> or <c>python3 app.py</c>, and for everything else.
    /// </summary>
    public static bool Is(IReadOnlyList<string> entrypoint, IReadOnlyList<string> command)
    {
        var words = entrypoint.Concat(command).ToList();
        if (words.Count == 0)
        {
            return true;
        }

        // An init runs what follows it, and so does an entrypoint script.
        while (words.Count > 1 && (Inits.Contains(BaseName(words[0])) || IsEntrypoint(words[0])))
        {
            words.RemoveAt(0);
            while (words.Count > 1 && words[0].StartsWith('-'))
            {
                words.RemoveAt(0);
            }
        }

        if (words is ["busybox" or "/bin/busybox", _, ..])
        {
            words.RemoveAt(0);
        }

        var program = BaseName(words[0]);
        var reads = Readers.Contains(program) || (program.StartsWith("python3", StringComparison.Ordinal) && program[7..].All(letter => char.IsAsciiDigit(letter) || letter == '.'));
        return reads && words.Skip(1).All(word => word.StartsWith('-') && !RunsSomething(word));
    }

    /// <summary>Whether a program is a script of an image that prepares, and then becomes the command that it is given.</summary>
    public static bool IsEntrypoint(string program) => BaseName(program).EndsWith("entrypoint.sh", StringComparison.Ordinal);

    private static string BaseName(string program) => program[(program.LastIndexOf('/') + 1)..];

    // -c, and letters that end in it (-lc, -ec); a REPL's -e, -p and -m. Long options only set things.
    private static bool RunsSomething(string option) =>
        !option.StartsWith("--", StringComparison.Ordinal) && option.Length > 1 && option[^1] is 'c' or 'e' or 'm' or 'p';
}
