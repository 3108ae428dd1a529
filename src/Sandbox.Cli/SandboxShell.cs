using System.Globalization;
using Sandbox.Core.Errors;

namespace Sandbox.Cli;

/// <summary>
/// The terminals of a tutorial without a screen: each block is a command of its own, and the directory, the variables and
/// the functions of a terminal go from one to the next. A command that never returns goes on beside the others until a
/// block of its terminal interrupts it.
/// </summary>
internal sealed class SandboxShell(Server server, string sandbox)
{
    private const int TimeoutSeconds = 120;

    private const string Begin =
        """
        state=/dev/shm/tutorial-test.$2
        [ -n "$HOME" ] || export HOME=/root
        [ ! -f "$state" ] || . "$state" > /dev/null 2>&1

        """;

    private const string ToEnd = Begin +
        """
        keep() { { export -p; declare -f 2> /dev/null; echo "cd '$PWD'"; } > "$state" 2> /dev/null; }
        trap 'code=$?; keep; exit $code' EXIT
        eval "$1"
        """;

    private const string Beside = Begin +
        """
        if command -v setsid > /dev/null 2>&1; then run=setsid; else run=; fi
        $run sh -c "$1" < /dev/null > "$state.log" 2>&1 &
        echo $! > "$state.pid"
        sleep 3
        cat "$state.log"
        """;

    private const string Interrupt = Begin +
        """
        [ -f "$state.pid" ] || exit 0
        pid=$(cat "$state.pid"); rm -f "$state.pid"
        kill -INT -- "-$pid" 2> /dev/null || kill -INT "$pid" 2> /dev/null
        sleep 0.5
        kill -KILL -- "-$pid" 2> /dev/null
        exit 0
        """;

    private string? _shell;

    /// <summary>Runs a block to its end, or only begins it.</summary>
    public async Task<Ran> RunAsync(string command, int line, int terminal, bool neverReturns, bool interrupt)
    {
        if (interrupt)
        {
            await InterruptAsync(terminal);
        }

        _shell ??= await HasAsync("bash") ? "bash" : "sh";
        return await ExecAsync(neverReturns ? Beside : ToEnd, "block", line, command, terminal);
    }

    /// <summary>Control-C.</summary>
    public Task<Ran> InterruptAsync(int terminal) => ExecAsync(Interrupt, "interrupt", null, "", terminal);

    private async Task<bool> HasAsync(string program)
    {
        try
        {
            await server.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { program, "-c", "true" } });
            return true;
        }
        catch (SandboxException missing) when (missing.Code == ErrorCode.CommandNotFound)
        {
            return false;
        }
    }

    private async Task<Ran> ExecAsync(string wrapper, string what, int? line, string command, int terminal)
    {
        try
        {
            var result = (await server.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new
            {
                command = new[] { _shell ?? "sh", "-c", wrapper, "tutorial-test", command, terminal.ToString(CultureInfo.InvariantCulture) },
                timeoutSeconds = TimeoutSeconds,
            }))!;
            return new Ran(what, line, command, (int)result["exitCode"]!, TimedOut: false, (string)result["stdout"]! + (string)result["stderr"]!);
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.Timeout)
        {
            return new Ran(what, line, command, null, TimedOut: true, fault.Message);
        }
        catch (SandboxException fault) when (fault.Code is ErrorCode.Conflict or ErrorCode.CommandNotFound or ErrorCode.NotFound)
        {
            return new Ran(what, line, command, null, TimedOut: false, fault.Message);
        }
    }
}
