using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Sandbox.Core.Errors;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials;
using Sandbox.Tutorials.Imports;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Cli;

/// <summary>Runs the tutorials of a folder or zip in a running instance, and says what does not work.</summary>
internal static class TutorialTestCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter errors)
    {
        string? path = null, junit = null;
        var url = Environment.GetEnvironmentVariable("SANDBOX_URL") is { Length: > 0 } set ? set : "http://localhost:8080";
        var isJson = false;
        for (var at = 0; at < arguments.Length; at++)
        {
            switch (arguments[at])
            {
                case "--json":
                    isJson = true;
                    break;
                case "--junit" when at + 1 < arguments.Length:
                    junit = arguments[++at];
                    break;
                case "--url" when at + 1 < arguments.Length:
                    url = arguments[++at];
                    break;
                case var given when path is null && !given.StartsWith("--", StringComparison.Ordinal):
                    path = given;
                    break;
                default:
                    return Usage(errors);
            }
        }

        if (path is null || !Uri.TryCreate(url, UriKind.Absolute, out var address))
        {
            return Usage(errors);
        }

        try
        {
            using var source = TutorialImport.Open(path);
            var report = await TestAsync(source, address, isJson ? TextWriter.Null : output, errors);
            if (isJson)
            {
                await output.WriteLineAsync(JsonSerializer.Serialize(report, Json));
            }

            if (junit is not null)
            {
                await File.WriteAllTextAsync(junit, report.ToJUnit().ToString());
            }

            return report.Passed ? 0 : 1;
        }
        catch (SandboxException fault)
        {
            await errors.WriteLineAsync(fault.Message);
            return 1;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or HttpRequestException or TaskCanceledException)
        {
            await errors.WriteLineAsync($"{path}: {fault.Message}");
            return 1;
        }
    }

    private static int Usage(TextWriter errors)
    {
        errors.WriteLine("usage: tutorial-test DIR|ZIP [--json] [--junit FILE] [--url URL]");
        return 2;
    }

    private static async Task<TestReport> TestAsync(TutorialSource source, Uri url, TextWriter output, TextWriter errors)
    {
        var began = Stopwatch.GetTimestamp();
        var result = TutorialImport.Read(source);
        if (result.Scenarios.Count == 0)
        {
            throw new SandboxException(ErrorCode.Invalid, $"{source.Name} holds no tutorial");
        }

        using var server = await Server.ConnectAsync(url);
        var published = (await server.PostZipAsync("/api/v1/tutorials", SourceZip.Of(source)))!["tutorials"]!.AsArray();
        var reports = new List<TutorialReport>();
        try
        {
            // Both read the same files and sort by path.
            foreach (var (scenario, tutorial) in result.Scenarios.Zip(published))
            {
                var report = await TestAsync(server, scenario, (string)tutorial!["hash"]!, (bool)tutorial["runnable"]! ? null : (string?)tutorial["reason"], errors);
                reports.Add(report);
                Print(report, output);
            }
        }
        finally
        {
            foreach (var hash in published.Select(tutorial => (string)tutorial!["hash"]!).Distinct(StringComparer.Ordinal))
            {
                await server.DeleteAsync($"/api/v1/tutorials/{hash}");
            }
        }

        var isPassed = reports.TrueForAll(report => report.Passed || report.Skipped) && reports.Exists(report => report.Passed);
        var seconds = Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 3);
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"{reports.Count(report => report.Passed)} passed, {reports.Count(report => !report.Passed && !report.Skipped)} failed, {reports.Count(report => report.Skipped)} cannot run here, in {seconds} s"));
        return new TestReport(isPassed, reports, seconds);
    }

    private static async Task<TutorialReport> TestAsync(Server server, Scenario scenario, string hash, string? reason, TextWriter errors)
    {
        var lint = scenario.Problems.Select(ProblemReport.Of).ToList();
        var tutorial = scenario.Tutorial;
        if (reason is not null)
        {
            // Mistakes are the author's; a cluster is nobody's here.
            var isMistaken = scenario.Problems.Any(problem => problem.Kind == ProblemKind.Mistake);
            return new TutorialReport(tutorial.Title, tutorial.Path, Passed: false, reason, Skipped: !isMistaken, lint, []);
        }

        try
        {
            var steps = await new TutorialRunner(server, tutorial, hash, errors).TestAsync();
            return new TutorialReport(tutorial.Title, tutorial.Path, steps.All(step => step.Passed), null, Skipped: false, lint, steps);
        }
        catch (SandboxException fault)
        {
            return new TutorialReport(tutorial.Title, tutorial.Path, Passed: false, $"it did not start: {fault.Message}", Skipped: false, lint, []);
        }
    }

    private static void Print(TutorialReport report, TextWriter output)
    {
        output.WriteLine($"{(report.Path.Length == 0 ? "." : report.Path)}  {report.Title}");
        foreach (var problem in report.Lint)
        {
            output.WriteLine($"    {problem.File}:{problem.Line}: {(problem.Field is null ? "" : problem.Field + ": ")}{problem.What}");
        }

        if (report.Reason is { } reason)
        {
            output.WriteLine($"    {(report.Skipped ? "cannot run here" : "failed")}: {reason}");
        }

        foreach (var step in report.Steps)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {(step.Passed ? "passed" : "FAILED")}  {step.Number}. {step.Title}  ({step.Seconds} s)"));
            foreach (var failure in step.Failures)
            {
                output.WriteLine($"        {failure}");
            }

            foreach (var note in step.Notes)
            {
                output.WriteLine($"        note: {note}");
            }

            if (!step.Passed)
            {
                foreach (var line in step.Runs.SelectMany(ran => TestReport.Line(ran).Split('\n')))
                {
                    output.WriteLine($"        | {line}");
                }
            }
        }
    }
}
