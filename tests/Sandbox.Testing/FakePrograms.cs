using System.Globalization;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;

namespace Sandbox.Testing;

/// <summary>The programs a <see cref="FakeRuntime"/> knows, as far as tests use them.</summary>
internal static class FakePrograms
{
    private static readonly HashSet<string> Names = new(
        ["cat", "echo", "exit", "false", "head", "hostname", "id", "kill-itself", "ln", "printenv", "pwd", "sh", "sleep", "true", "write-and-sleep"],
        StringComparer.Ordinal);

    public static void Require(string name)
    {
        if (name is "/etc" or "/etc/passwd")
        {
            throw new SandboxException(ErrorCode.CommandNotExecutable, $"'{name}' is not executable.");
        }

        if (!Names.Contains(name))
        {
            throw new SandboxException(ErrorCode.CommandNotFound, $"The image has no command {name}.");
        }
    }

    public static async Task<ExecResult> RunAsync(FakeSandbox sandbox, ExecSpec spec, IReadOnlyDictionary<string, string> variables, Lock gate, TimeProvider time, CancellationToken cancellationToken)
    {
        Require(spec.Command[0]);
        var started = time.GetTimestamp();
        var killed = sandbox.Killed.Token;
        if (spec.Command[0] is "sleep" or "write-and-sleep")
        {
            var asked = TimeSpan.FromSeconds(spec.Command[0] == "sleep" ? double.Parse(spec.Command[1], CultureInfo.InvariantCulture) : 600);
            if (spec.Command[0] == "write-and-sleep" && SandboxPath.TryParse(spec.Command[1], out var path))
            {
                lock (gate)
                {
                    sandbox.Files.Write(path, null, []);
                }
            }

            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, killed);
            try
            {
                await Task.Delay(asked < spec.Timeout ? asked : spec.Timeout, time, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return new ExecResult(137, default, default, false, time.GetElapsedTime(started));
            }

            if (asked >= spec.Timeout)
            {
                return new ExecResult(137, default, default, false, time.GetElapsedTime(started)) { IsTimedOut = true };
            }
        }

        int exitCode;
        byte[] stdout;
        byte[] stderr;
        lock (gate)
        {
            (exitCode, stdout, stderr) = Run(sandbox, spec, variables);
        }

        return new ExecResult(
            exitCode,
            stdout.AsMemory(0, Math.Min(stdout.Length, spec.OutputLimit)),
            stderr.AsMemory(0, Math.Min(stderr.Length, spec.OutputLimit)),
            stdout.Length > spec.OutputLimit || stderr.Length > spec.OutputLimit,
            time.GetElapsedTime(started));
    }

    private static (int ExitCode, byte[] Stdout, byte[] Stderr) Run(FakeSandbox sandbox, ExecSpec spec, IReadOnlyDictionary<string, string> variables)
    {
        var words = spec.Command;
        switch (words[0])
        {
            case "echo":
                return Line(string.Join(' ', words.Skip(1)));
            case "hostname":
                return Line(sandbox.Spec.Name);
            case "pwd":
                return Line(sandbox.Spec.Workdir ?? sandbox.Image.Workdir);
            case "id":
                var user = (sandbox.Spec.User ?? sandbox.Image.User).Split(':');
                var uid = user[0].Length == 0 ? "0" : user[0];
                return Line(words.Contains("-g") && user.Length > 1 ? user[1] : uid);
            case "printenv":
                return Environment(sandbox, variables, words[1]) is { } value ? Line(value) : (1, [], []);
            case "head" when words is ["head", "-c", var count, "/dev/zero"]:
                return (0, new byte[int.Parse(count, CultureInfo.InvariantCulture)], []);
            case "cat" when words.Count == 1:
                return (0, spec.Stdin.ToArray(), []);
            case "cat":
                return Cat(sandbox, words[1]);
            case "ln" when words is ["ln", "-s", var target, var path]:
                sandbox.Files.MakeLink(target, path);
                return (0, [], []);
            case "exit":
                return (int.Parse(words[1], CultureInfo.InvariantCulture), [], []);
            case "kill-itself":
                return (137, [], []);
            case "sleep" or "write-and-sleep" or "true":
                return (0, [], []);
            case "false":
                return (1, [], []);
            default:
                return (2, [], Encoding.UTF8.GetBytes($"{words[0]}: the fake runtime does not know these arguments\n"));
        }
    }

    private static (int ExitCode, byte[] Stdout, byte[] Stderr) Line(string text) => (0, Encoding.UTF8.GetBytes(text + "\n"), []);

    private static (int ExitCode, byte[] Stdout, byte[] Stderr) Cat(FakeSandbox sandbox, string name)
    {
        try
        {
            return SandboxPath.TryParse(name, out var path) ? (0, sandbox.Files.Read(path, ReadForm.Raw), []) : (1, [], "cat: bad path\n"u8.ToArray());
        }
        catch (SandboxException error)
        {
            return (1, [], Encoding.UTF8.GetBytes($"cat: {error.Message}\n"));
        }
    }

    private static string? Environment(FakeSandbox sandbox, IReadOnlyDictionary<string, string> variables, string name) =>
        variables.TryGetValue(name, out var value)
            ? value
            : sandbox.Image.Env.FirstOrDefault(line => line.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
}
