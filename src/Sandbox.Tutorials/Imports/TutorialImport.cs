using System.Text.RegularExpressions;
using Sandbox.Core.Errors;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Backends;
using Sandbox.Tutorials.Katacoda;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Tutorials.Imports;

/// <summary>Everything that one source holds.</summary>
/// <param name="Problems">Of the source as a whole, and of its courses.</param>
public sealed record ImportResult(IReadOnlyList<Scenario> Scenarios, IReadOnlyList<Course> Courses, IReadOnlyList<Problem> Problems);

/// <summary>Finds the tutorials of a source, whatever their format, and reads each.</summary>
public static class TutorialImport
{
    /// <summary>Opens a folder or a zip. Neither is a <see cref="SandboxException"/>.</summary>
    public static TutorialSource Open(string path) => File.Exists(path)
        ? ZipSource.Open(File.OpenRead(path), Path.GetFileName(path))
        : FolderSource.Open(path);

    public static ImportResult Read(TutorialSource source)
    {
        var log = new ProblemLog();
        var scenarios = new List<Scenario>();
        foreach (var found in Formats.Find(source, log))
        {
            scenarios.Add(Contained(found));
        }

        var courses = source.Files.Where(file => KatacodaCourses.Is(TutorialSource.NameOf(file)))
            .Select(file => KatacodaCourses.Read(source, file, log)).OfType<Course>().ToList();
        return new ImportResult([.. scenarios.OrderBy(scenario => scenario.Tutorial.Path, StringComparer.Ordinal)], courses, [.. source.Problems, .. log.All]);
    }

    /// <summary>Reads the tutorial of one path of a source; null when none is there.</summary>
    public static Scenario? ReadOne(TutorialSource source, string path) =>
        Formats.Find(source, new ProblemLog()).FirstOrDefault(found => found.Path == path) is { } only ? Contained(only) : null;

    /// <summary>A text that a pattern needs too long for costs its own tutorial only.</summary>
    private static Scenario Contained(FoundTutorial found)
    {
        try
        {
            return found.Read();
        }
        catch (RegexMatchTimeoutException)
        {
            const string Reason = "a text takes too long to read";
            var tutorial = new Tutorial { Format = found.Format, Path = found.Path, Title = TutorialSource.NameOf(found.Path), Backend = new Backend(BackendKind.Unknown, "", null) };
            return new Scenario(tutorial, [new Problem(ProblemKind.Mistake, found.Path, 1, 1, null, Reason)], Reason);
        }
    }
}
