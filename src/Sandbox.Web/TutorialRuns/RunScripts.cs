using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Tutorials.Checks;
using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.TutorialRuns;

/// <summary>The result of a script.</summary>
/// <param name="ExitCode">128 and the signal's number when it was killed; null when it never started.</param>
/// <param name="Output">What it printed: both streams, standard output first.</param>
/// <param name="Stdout">Standard output alone.</param>
/// <param name="IsTimedOut">Whether it was killed because it did not end in time.</param>
/// <param name="Duration">From its start to its end.</param>
internal sealed record ScriptResult(int? ExitCode, string Output, string Stdout, bool IsTimedOut, TimeSpan Duration);

/// <summary>
/// Runs the scripts of steps: with bash, and with sh where the image has none. A script comes on standard input and lies in
/// memory while it runs, so that no checkpoint holds it. Values of parameters are variables, never part of the text.
/// </summary>
internal sealed class RunScripts(ISandboxRuntime runtime)
{
    /// <summary>How long a check, a hint and a solution may take.</summary>
    public static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(60);

    /// <summary>How long a setup may take.</summary>
    public static readonly TimeSpan SetupTimeout = TimeSpan.FromMinutes(10);

    private const int OutputLimit = 64 * 1024;

    private const string Store =
        """
        [ -n "$HOME" ] || export HOME=/root
        f=$(mktemp /dev/shm/step.XXXXXX 2> /dev/null || mktemp) || exit 125
        cat > "$f"
        shell=sh
        command -v bash > /dev/null 2>&1 && shell=bash

        """;

    private const string Foreground = Store +
        """
        $shell "$f" "$@" < /dev/null
        code=$?
        rm -f "$f"
        exit $code
        """;

    /// <summary>For formats whose setups may go on for minutes beside the visitor: it is waited for five seconds.</summary>
    private const string Background = Store +
        """
        { $shell "$f" "$@" < /dev/null > "$f.log" 2>&1; echo $? > "$f.code"; } > /dev/null 2>&1 &
        n=0
        while [ $n -lt 50 ] && [ ! -s "$f.code" ]; do sleep 0.1; n=$((n + 1)); done
        cat "$f.log"
        [ -s "$f.code" ] || exit 0
        exit "$(cat "$f.code")"
        """;

    /// <summary>A script as a command of a launch's setup.</summary>
    public static PreparedCommand Prepare(Script script, string line, IReadOnlyDictionary<string, string> variables) =>
        new(line, Command(Foreground, variables, []), Encoding.UTF8.GetBytes(script.Text));

    /// <summary>Runs a script to its end. What it does wrong is in the result. Codes: Conflict (the sandbox does not run), NotFound, RuntimeUnavailable.</summary>
    public Task<ScriptResult> RunAsync(SandboxId sandbox, Script script, IReadOnlyDictionary<string, string> variables, IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunAsync(sandbox, Command(Foreground, variables, arguments), script.Text, timeout, cancellationToken);

    /// <summary>Runs a script to its end and tells its standard output as it grows. Codes: as of the other.</summary>
    /// <param name="sandbox">Where it runs.</param>
    /// <param name="script">The script.</param>
    /// <param name="variables">Its variables.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="printed">Called with all of the standard output so far, each time that there is more.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<ScriptResult> FollowAsync(SandboxId sandbox, Script script, IReadOnlyDictionary<string, string> variables, TimeSpan timeout, Func<string, Task> printed, CancellationToken cancellationToken) =>
        RunAsync(script.Text, timeout, async spec =>
        {
            var text = new StringBuilder();
            var decoder = Encoding.UTF8.GetDecoder();
            await foreach (var part in runtime.Sandboxes.ExecStreamAsync(sandbox, spec with { Command = Command(Foreground, variables, []) }, cancellationToken))
            {
                if (part.Result is { } result)
                {
                    return result;
                }

                if (!part.IsError)
                {
                    var letters = new char[decoder.GetCharCount(part.Data.Span, flush: false)];
                    text.Append(letters, 0, decoder.GetChars(part.Data.Span, letters, flush: false));
                    await printed(text.ToString());
                }
            }

            throw new InvalidOperationException("the command has no end");
        });

    /// <summary>Starts a script that may go on after the call. Codes: as of <see cref="RunAsync(SandboxId, Script, IReadOnlyDictionary{string, string}, IReadOnlyList{string}, TimeSpan, CancellationToken)"/>.</summary>
    public Task<ScriptResult> BeginAsync(SandboxId sandbox, Script script, IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken) =>
        RunAsync(sandbox, Command(Background, variables, []), script.Text, CheckTimeout, cancellationToken);

    private static string[] Command(string wrapper, IReadOnlyDictionary<string, string> variables, IReadOnlyList<string> arguments)
    {
        string[] shell = ["sh", "-c", wrapper, "sh", .. arguments];
        return variables.Count == 0 ? shell : ["env", .. variables.Select(variable => $"{variable.Key}={variable.Value.Replace("\0", "", StringComparison.Ordinal)}"), .. shell];
    }

    private Task<ScriptResult> RunAsync(SandboxId sandbox, IReadOnlyList<string> command, string text, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunAsync(text, timeout, spec => runtime.Sandboxes.ExecAsync(sandbox, spec with { Command = command }, cancellationToken));

    private static async Task<ScriptResult> RunAsync(string text, TimeSpan timeout, Func<ExecSpec, Task<ExecResult>> execute)
    {
        try
        {
            var result = await execute(new ExecSpec { Command = [], Stdin = Encoding.UTF8.GetBytes(text), Timeout = timeout, OutputLimit = OutputLimit });
            var stdout = Encoding.UTF8.GetString(result.Stdout.Span);
            return new ScriptResult(result.ExitCode, stdout + Encoding.UTF8.GetString(result.Stderr.Span), stdout, result.IsTimedOut, result.Duration);
        }
        catch (SandboxException fault) when (fault.Code is ErrorCode.CommandNotFound or ErrorCode.CommandNotExecutable or ErrorCode.CommandFormat)
        {
            const string NoShell = "The image has no shell, so the script could not be run.";
            return new ScriptResult(null, NoShell, NoShell, IsTimedOut: false, TimeSpan.Zero);
        }
        catch (SandboxException fault) when (fault.Code is ErrorCode.Timeout)
        {
            return new ScriptResult(null, fault.Message, fault.Message, IsTimedOut: true, timeout);
        }
    }
}
