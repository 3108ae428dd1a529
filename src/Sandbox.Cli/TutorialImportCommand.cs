using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Sandbox.Core.Errors;
using Sandbox.Tutorials.Imports;

namespace Sandbox.Cli;

/// <summary>Reads the tutorials of a folder or zip and prints what each needs, does and lacks.</summary>
internal static class TutorialImportCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static int Run(string[] arguments, TextWriter output, TextWriter errors)
    {
        var paths = arguments.Where(argument => argument != "--json").ToList();
        if (paths is not [var path] || path.StartsWith("--", StringComparison.Ordinal))
        {
            errors.WriteLine("usage: tutorial-import DIR|ZIP [--json]");
            return 2;
        }

        ImportReport report;
        try
        {
            var began = Stopwatch.GetTimestamp();
            using var source = TutorialImport.Open(path);
            var result = TutorialImport.Read(source);
            report = ImportReport.Of(result, Stopwatch.GetElapsedTime(began));
        }
        catch (SandboxException e)
        {
            errors.WriteLine(e.Message);
            return 1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"{path} cannot be read: {e.Message}");
            return 1;
        }

        if (arguments.Contains("--json", StringComparer.Ordinal))
        {
            output.WriteLine(JsonSerializer.Serialize(report, Json));
        }
        else
        {
            Print(report, output);
        }

        return 0;
    }

    private static void Print(ImportReport report, TextWriter output)
    {
        foreach (var scenario in report.Scenarios)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(scenario.Path.Length == 0 ? "." : scenario.Path)}  {scenario.Title}"));
            output.WriteLine($"    {scenario.Format}, {scenario.Backend}, {scenario.Steps} steps, {string.Join(", ", scenario.Actions.Select(action => $"{action.Value} {action.Key}"))}");
            output.WriteLine($"    runnable: {scenario.Runnable}{(scenario.Reason is null ? "" : $" ({scenario.Reason})")}");
            foreach (var problem in scenario.Unsupported)
            {
                output.WriteLine($"    {Line(problem)}");
            }

            foreach (var problem in scenario.Lint)
            {
                output.WriteLine($"    advice: {Line(problem)}");
            }
        }

        foreach (var problem in report.Unsupported)
        {
            output.WriteLine(Line(problem));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Totals.Scenarios} tutorials, {report.Totals.Runnable} runnable, {report.Totals.Unsupported} parts unsupported, in {report.Seconds} s"));
    }

    private static string Line(ProblemReport problem) => $"{problem.File}:{problem.Line}: {(problem.Field is null ? "" : problem.Field + ": ")}{problem.What}";
}
