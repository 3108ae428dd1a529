using System.Text;
using System.Text.Json;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Web.TutorialRuns;

/// <summary>A terminal of a checkpoint.</summary>
/// <param name="Directory">The working directory of its shell.</param>
/// <param name="Variables">Variables of its shell that the sandbox itself does not have.</param>
internal sealed record SavedTerminal(string Directory, IReadOnlyDictionary<string, string> Variables);

/// <summary>
/// Reads where the shells of a sandbox's terminals are. A shell is the leader of a session with a terminal
/// (proc_pid_stat(5): <c>17 (bash) S 16 17 17 34816 …</c>, session 17 and tty 34816), the oldest first. Its variables are those
/// that it was started with: what it exports later is in its own memory only.
/// </summary>
internal sealed class OpenTerminals(ISandboxRuntime runtime)
{
    private const int MaxTerminals = 6;
    private const int MaxVariables = 50;
    private const int MaxValue = 1000;
    private const int MaxDirectory = 1000;

    private const string Script =
        """
        for stat in /proc/[0-9]*/stat; do
            read -r line 2> /dev/null < "$stat" || continue
            pid=${line%% *}; rest=${line##*) }
            set -- $rest
            [ "$4" = "$pid" ] && [ "$5" != 0 ] || continue
            cwd=$(readlink "/proc/$pid/cwd") || continue
            printf '%s %s\n' "${20}" "$pid"
        done 2> /dev/null | sort -n | head -n 6 | while read -r start pid; do
            printf 'terminal\0%s\0' "$(readlink "/proc/$pid/cwd")"
            cat "/proc/$pid/environ"
            printf '\0'
        done
        """;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>The terminals as JSON; null when they cannot be read, as in an image without a shell.</summary>
    public async Task<string?> ReadAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        try
        {
            var found = await runtime.Sandboxes.ExecAsync(sandbox, new ExecSpec { Command = ["sh", "-c", Script], Timeout = Timeout, OutputLimit = 256 * 1024 }, cancellationToken);
            var own = await runtime.Sandboxes.ExecAsync(sandbox, new ExecSpec { Command = ["sh", "-c", "cat /proc/self/environ"], Timeout = Timeout, OutputLimit = 128 * 1024 }, cancellationToken);
            return found.ExitCode != 0 || found.IsTimedOut ? null : JsonSerializer.Serialize(Parse(Encoding.UTF8.GetString(found.Stdout.Span), Encoding.UTF8.GetString(own.Stdout.Span)));
        }
        catch (SandboxException)
        {
            return null;
        }
    }

    /// <summary>The terminals that a launch opens in place of those: each types a line that brings its shell where it was.</summary>
    public static IReadOnlyList<RecipeTerminal> Reopened(string? json) => json is null
        ? []
        : [.. (JsonSerializer.Deserialize<List<SavedTerminal>>(json) ?? []).Take(MaxTerminals).Select(terminal => new RecipeTerminal { Run = Line(terminal) })];

    private static string Line(SavedTerminal terminal) =>
        string.Join(" && ", terminal.Variables.Select(variable => $"export {variable.Key}={Quoted(variable.Value)}").Prepend($"cd {Quoted(terminal.Directory)}"));

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    internal static IReadOnlyList<SavedTerminal> Parse(string found, string own)
    {
        // Every shell has these of its own.
        var known = own.Split('\0').ToHashSet(StringComparer.Ordinal);
        var terminals = new List<SavedTerminal>();
        foreach (var part in found.Split("terminal\0", StringSplitOptions.RemoveEmptyEntries).Take(MaxTerminals))
        {
            var fields = part.Split('\0');
            if (fields[0].Length is 0 or > MaxDirectory || fields[0][0] != '/' || fields[0].Any(char.IsControl))
            {
                continue;
            }

            var variables = fields.Skip(1).Where(field => !known.Contains(field)).Select(field => field.Split('=', 2))
                .Where(pair => pair.Length == 2 && RecipeRules.IsEnvName(pair[0]) && pair[1].Length <= MaxValue && !pair[1].Any(char.IsControl) && !IsOfTerminal(pair[0]))
                .Take(MaxVariables).GroupBy(pair => pair[0], StringComparer.Ordinal).ToDictionary(pairs => pairs.Key, pairs => pairs.Last()[1], StringComparer.Ordinal);
            terminals.Add(new SavedTerminal(fields[0], variables));
        }

        return terminals;
    }

    /// <summary>Variables that a new terminal gets by itself, and that mean nothing in another one.</summary>
    private static bool IsOfTerminal(string name) =>
        name is "TERM" or "COLORTERM" or "PWD" or "OLDPWD" or "SHLVL" or "_" or "HOME" or "PATH" or "HOSTNAME" or "SHELL" or "ENV" or "COLUMNS" or "LINES" or "PS1" or "PROMPT_COMMAND" or "LANG" || name.StartsWith("SANDBOX_", StringComparison.Ordinal);
}
