using System.Text;

namespace Sandbox.Core.Execs;

/// <summary>What may be asked to run: the bounds that both processes check before anything is started.</summary>
public static class CommandRules
{
    /// <summary>Words of an argv.</summary>
    public const int MaxWords = 256;

    /// <summary>Bytes of an argv in UTF-8: MAX_ARG_STRLEN of Linux, which bounds a single word.</summary>
    public const int MaxBytes = 128 * 1024;

    /// <summary>Bytes an exec may read on standard input.</summary>
    public const int MaxStdin = 1024 * 1024;

    /// <summary>Bytes an exec may keep of stdout, and of stderr.</summary>
    public const int MaxOutput = 1024 * 1024;

    /// <summary>How long an exec may take.</summary>
    public static readonly TimeSpan MaxTimeout = TimeSpan.FromHours(1);

    /// <summary>How long a stop may wait before it kills.</summary>
    public static readonly TimeSpan MaxGrace = TimeSpan.FromMinutes(5);

    /// <summary>Every mistake at once; empty when all is well.</summary>
    public static IReadOnlyList<string> Validate(ExecSpec spec)
    {
        var mistakes = new List<string>();
        CheckCommand(spec.Command, "command", mistakes);
        if (spec.Stdin.Length > MaxStdin)
        {
            mistakes.Add("stdin: at most 1 MiB");
        }

        if (spec.Timeout <= TimeSpan.Zero || spec.Timeout > MaxTimeout)
        {
            mistakes.Add("timeout: more than 0 seconds, at most 3600");
        }

        if (spec.OutputLimit is < 0 or > MaxOutput)
        {
            mistakes.Add("output limit: 0 bytes to 1 MiB");
        }

        return mistakes;
    }

    internal static void CheckCommand(IReadOnlyList<string>? command, string what, List<string> mistakes)
    {
        if (command is null || command.Count is 0 or > MaxWords)
        {
            mistakes.Add($"{what}: 1 to {MaxWords} words");
            return;
        }

        var bytes = 0L;
        var hasNul = false;
        foreach (var word in command)
        {
            if (word is null)
            {
                mistakes.Add($"{what}: every word must be a string");
                return;
            }

            bytes += Encoding.UTF8.GetByteCount(word) + 1;
            hasNul |= word.Contains('\0', StringComparison.Ordinal);
        }

        if (command[0].Length == 0)
        {
            mistakes.Add($"{what}: the first word is empty");
        }

        if (hasNul)
        {
            mistakes.Add($"{what}: a word cannot hold NUL");
        }

        if (bytes > MaxBytes)
        {
            mistakes.Add($"{what}: at most 128 KiB in all");
        }
    }
}
