using System.Text;
using Sandbox.Tutorials.Imports;

namespace Sandbox.Tutorials.Tests;

/// <summary>A folder on disk that a test writes, and its import.</summary>
internal sealed class SampleTree : IDisposable
{
    public SampleTree(params (string Path, string Text)[] files)
    {
        foreach (var (path, text) in files)
        {
            Write(path, Encoding.UTF8.GetBytes(text));
        }
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("tutorials").FullName;

    public static string Shipped => Path.Combine(AppContext.BaseDirectory, "Samples");

    public void Write(string path, byte[] content)
    {
        var file = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, content);
    }

    public ImportResult Import() => Import(Root);

    public static ImportResult Import(string path)
    {
        using var source = TutorialImport.Open(path);
        return TutorialImport.Read(source);
    }

    /// <summary>The one tutorial in it.</summary>
    public Scenario Single() => Xunit.Assert.Single(Import().Scenarios);

    /// <summary>A Katacoda scenario of one step.</summary>
    public static SampleTree Katacoda(string step, string imageid = "ubuntu") => new(
        ("index.json", """{"title":"T","details":{"steps":[{"title":"S","text":"step1.md"}]},"backend":{"imageid":"ID"}}""".Replace("ID", imageid, StringComparison.Ordinal)),
        ("step1.md", step));

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
