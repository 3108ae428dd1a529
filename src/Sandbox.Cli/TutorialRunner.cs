using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Sandbox.Core.Errors;
using Sandbox.Tutorials;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Linting;

namespace Sandbox.Cli;

/// <summary>
/// Runs a tutorial from its first page to its last. A page's check has to fail before anything was done, and to pass after its
/// solution; then the page is begun again, and the check has to pass after its blocks, or its solution where these leave
/// something to the visitor.
/// </summary>
internal sealed class TutorialRunner(Server server, Tutorial tutorial, string hash, TextWriter errors)
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);

    private string _playground = "";
    private bool _isInterrupted;
    private IReadOnlyList<SandboxShell> _shells = [];

    private string Run => $"/api/v1/playgrounds/{_playground}/tutorial";

    /// <summary>The pages. Codes: those of a launch.</summary>
    public async Task<IReadOnlyList<StepReport>> TestAsync()
    {
        Enter((await server.PostAsync("/api/v1/playgrounds", new { tutorial = hash }))!);
        Console.CancelKeyPress += End;
        try
        {
            await StartedAsync();
            var reports = new List<StepReport>();
            for (var number = 1; number <= tutorial.Steps.Count; number++)
            {
                reports.Add(await new Page(this, number).TestAsync());
            }

            return reports;
        }
        finally
        {
            Console.CancelKeyPress -= End;
            await server.DeleteAsync($"/api/v1/playgrounds/{_playground}");
        }
    }

    /// <summary>Ctrl-C: its playground ends, or its place in the queue is given up, before the process does.</summary>
    private void End(object? sender, ConsoleCancelEventArgs interrupt)
    {
        _isInterrupted = true;
        try
        {
            server.DeleteAsync($"/api/v1/playgrounds/{_playground}").Wait(LongestEnd);
        }
        catch (AggregateException)
        {
            // The server ends what nobody asks about.
        }
    }

    private void Enter(JsonNode playground)
    {
        _playground = (string)playground["id"]!;
        _shells = [];
    }

    private async Task StartedAsync()
    {
        var began = Stopwatch.GetTimestamp();
        var wait = "";
        while (true)
        {
            var view = (await server.GetAsync($"/api/v1/playgrounds/{_playground}{wait}"))!;
            wait = "";
            switch ((string)view["state"]!)
            {
                case "queued" when view["queue"] is { } queue:
                    // The answer comes when the place is another one, and a queue may be long.
                    await errors.WriteLineAsync($"waiting: place {queue["place"]} of {queue["waiting"]}. {view["progress"]}");
                    wait = $"?wait=25&place={queue["place"]}";
                    began = Stopwatch.GetTimestamp();
                    await Task.Delay(500);
                    continue;
                case "queued" or "starting" when Stopwatch.GetElapsedTime(began) < LongestStart:
                    await Task.Delay(500);
                    continue;
                case "ended" when _isInterrupted:
                    throw new TaskCanceledException("interrupted");
                case "running":
                    _shells = [.. view["sandboxes"]!.AsArray().Select(sandbox => new SandboxShell(server, (string)sandbox!["id"]!))];
                    return;
                default:
                    throw new SandboxException(ErrorCode.SetupFailed, (string?)view["error"]?["message"] ?? $"It did not start: it is {view["state"]} ({view["progress"]}).");
            }
        }
    }

    /// <summary>The terminals of a machine by its number from 1, or of the first, when the author names one that is not there.</summary>
    private SandboxShell ShellOf(int host) => _shells[host <= _shells.Count ? host - 1 : 0];

    /// <summary>The test of one page.</summary>
    private sealed class Page(TutorialRunner runner, int number)
    {
        private readonly Step _step = runner.Steps[number - 1];
        private readonly List<Ran> _runs = [];
        private readonly List<string> _failures = [];
        private readonly List<string> _notes = [];

        private string At => string.Create(CultureInfo.InvariantCulture, $"{runner.Run}/steps/{number}");

        public async Task<StepReport> TestAsync()
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                await RunAsync();
            }
            catch (SandboxException fault)
            {
                _failures.Add(fault.Message);
            }

            if (_failures.Count > 0)
            {
                await GoOnAsync();
            }

            return new StepReport(number, _step.Title, _failures.Count == 0, Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 3), _failures, _notes, _runs);
        }

        private async Task RunAsync()
        {
            await EnterAsync();
            if (_step.Check is null)
            {
                await BlocksAsync();
                await AnswerAsync();
                await runner.Server.PostAsync($"{At}/next");
                return;
            }

            await FailsAsync();
            await AnswerAsync();
            var hasBlocks = _step.Blocks.Any(block => block is RunBlock or WriteFileBlock);
            if (_step.Solve is not null && hasBlocks && await ResetsAsync())
            {
                await SolveAsync();
                await PassesAsync("after its solution");
                await ResetAsync();
                await EnterAsync();
                await AnswerAsync();
            }

            if (hasBlocks)
            {
                await BlocksAsync();
            }

            if (_step.Solve is null)
            {
                await PassesAsync("after its blocks");
            }
            else if (!hasBlocks || !(bool)(await CheckAsync())["passed"]!)
            {
                if (hasBlocks)
                {
                    _notes.Add("The blocks leave something to the visitor: the check passes after the solution.");
                }

                await SolveAsync();
                await PassesAsync("after its solution");
            }
        }

        private async Task EnterAsync()
        {
            var entered = (await runner.Server.PostAsync($"{At}/enter"))!;
            if (entered["setup"] is { } setup)
            {
                var code = (int?)setup["exitCode"];
                _runs.Add(new Ran("setup", null, null, code, TimedOut: false, (string)setup["output"]!));
                if (code != 0)
                {
                    _failures.Add(string.Create(CultureInfo.InvariantCulture, $"the setup ended with {code}"));
                }
            }

            if (entered["type"] is { } type && ((string)type!).Trim() is { Length: > 0 } text)
            {
                _runs.Add(await runner.ShellOf(1).RunAsync(text, 1, 1, Blocking.Reason(text) is not null, interrupt: false));
            }
        }

        /// <summary>A check that passes before anything was done says nothing.</summary>
        private async Task FailsAsync()
        {
            var check = await CheckAsync();
            if ((bool)check["passed"]!)
            {
                _failures.Add("the check passes before anything was done");
            }
            else if ((bool)check["timedOut"]!)
            {
                _failures.Add("the check does not end");
            }
        }

        private async Task PassesAsync(string when)
        {
            var check = await CheckAsync();
            if (!(bool)check["passed"]!)
            {
                _failures.Add((bool)check["timedOut"]! ? $"the check does not end {when}" : $"the check fails {when}: {check["message"]}");
            }
        }

        private async Task<JsonNode> CheckAsync()
        {
            var check = (await runner.Server.PostAsync($"{At}/check"))!;
            _runs.Add(new Ran("check", null, null, (int?)check["exitCode"], (bool)check["timedOut"]!, (string)check["output"]!));
            return check;
        }

        private async Task SolveAsync()
        {
            var solved = (await runner.Server.PostAsync($"{At}/solve"))!;
            var code = (int?)solved["exitCode"];
            _runs.Add(new Ran("solve", null, null, code, TimedOut: false, (string)solved["output"]!));
            if (code != 0)
            {
                _failures.Add(string.Create(CultureInfo.InvariantCulture, $"the solution ended with {code}"));
            }
        }

        private async Task BlocksAsync()
        {
            var shown = (await runner.Server.GetAsync(At))!["blocks"]!.AsArray();
            for (var index = 0; index < _step.Blocks.Count; index++)
            {
                switch (_step.Blocks[index])
                {
                    case RunBlock { Keys: true } or RunBlock { Enter: false }:
                        _notes.Add(string.Create(CultureInfo.InvariantCulture, $"line {_step.Blocks[index].Line}: keys for a program on a screen are not sent"));
                        break;
                    case RunBlock run:
                        await BlockAsync(run, (string)shown[index]!["command"]!);
                        break;
                    case InterruptBlock interrupt:
                        _runs.Add(await runner.ShellOf(1).InterruptAsync(interrupt.Terminal ?? 1));
                        break;
                    case WriteFileBlock write:
                        await WriteAsync(write, index);
                        break;
                    case TestBlock test:
                        await TestAsync(test, index);
                        break;
                }
            }
        }

        private async Task BlockAsync(RunBlock run, string command)
        {
            var ran = await runner.ShellOf(run.Host ?? 1).RunAsync(command, run.Line, run.Terminal ?? 1, Blocking.Reason(command) is not null, run.Interrupt);
            _runs.Add(ran);
            if (ran.TimedOut)
            {
                _failures.Add(string.Create(CultureInfo.InvariantCulture, $"line {run.Line}: the block does not return: {First(command)}"));
            }
            else if (ran.ExitCode is null or 126 or 127)
            {
                _failures.Add(string.Create(CultureInfo.InvariantCulture, $"line {run.Line}: the block cannot run: {First(command)}: {ran.Output.Trim()}"));
            }
            else if (ran.ExitCode != 0)
            {
                _notes.Add(string.Create(CultureInfo.InvariantCulture, $"line {run.Line}: the block ended with {ran.ExitCode}: {First(command)}"));
            }
        }

        private async Task WriteAsync(WriteFileBlock write, int index)
        {
            try
            {
                var written = (await runner.Server.PostAsync(string.Create(CultureInfo.InvariantCulture, $"{At}/blocks/{index}/write")))!;
                _runs.Add(new Ran("write", write.Line, null, 0, TimedOut: false, (string)written["path"]!));
            }
            catch (SandboxException fault)
            {
                _failures.Add(string.Create(CultureInfo.InvariantCulture, $"line {write.Line}: the file is not written: {fault.Message}"));
            }
        }

        private async Task TestAsync(TestBlock test, int index)
        {
            var tested = (await runner.Server.PostAsync(string.Create(CultureInfo.InvariantCulture, $"{At}/blocks/{index}/test")))!;
            _runs.Add(new Ran("test", test.Line, test.Name, (int?)tested["exitCode"], (bool)tested["timedOut"]!, (string)tested["output"]!));
            if (!(bool)tested["passed"]!)
            {
                _failures.Add(string.Create(CultureInfo.InvariantCulture, $"line {test.Line}: the test {test.Name} fails"));
            }
        }

        private async Task AnswerAsync()
        {
            for (var index = 0; index < _step.Blocks.Count; index++)
            {
                if (_step.Blocks[index] is not QuizBlock quiz)
                {
                    continue;
                }

                object answer = quiz.Answer is QuizKind.Exact or QuizKind.Contains
                    ? new { text = quiz.Choices.First(choice => choice.Right).Text }
                    : new { choices = quiz.Choices.Select((choice, at) => (choice.Right, at)).Where(choice => choice.Right).Select(choice => choice.at).ToArray() };
                if (!(bool)(await runner.Server.PostAsync(string.Create(CultureInfo.InvariantCulture, $"{At}/blocks/{index}/answer"), answer))!["right"]!)
                {
                    _failures.Add(string.Create(CultureInfo.InvariantCulture, $"line {quiz.Line}: the right answer is not accepted"));
                }
            }
        }

        private async Task<bool> ResetsAsync()
        {
            var run = (await runner.Server.GetAsync(runner.Run))!;
            if ((bool)run["steps"]![number - 1]!["reset"]!)
            {
                return true;
            }

            _notes.Add("There was no room for a checkpoint, so the solution was not tried by itself.");
            return false;
        }

        private async Task ResetAsync()
        {
            runner.Enter((await runner.Server.PostAsync($"{At}/reset"))!["playground"]!);
            await runner.StartedAsync();
        }

        /// <summary>A page that failed does not keep the next one from being tested.</summary>
        private async Task GoOnAsync()
        {
            try
            {
                await runner.Server.PostAsync($"{At}/skip");
            }
            catch (SandboxException fault)
            {
                _notes.Add(fault.Message);
            }
        }

        private static string First(string command) => command.Trim().Split('\n')[0] is { Length: > 80 } line ? line[..80] + "…" : command.Trim().Split('\n')[0];
    }

    private IReadOnlyList<Step> Steps => tutorial.Steps;

    private Server Server => server;
}
