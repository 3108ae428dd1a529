using System.Text.RegularExpressions;
using Xunit;

namespace Sandbox.Core.Tests;

/// <summary>
/// The folders of a project are its rooms: each is a namespace, and they use each other in one direction. Files beside
/// the project file put the rooms together and are free to use all of them.
/// </summary>
public sealed partial class FolderTests
{
    public static TheoryData<string> ProjectNames => [.. Directory.EnumerateDirectories(Path.Combine(ArchitectureTests.Root, "src")).Select(folder => Path.GetFileName(folder))];

    [Theory]
    [MemberData(nameof(ProjectNames))]
    public void Namespaces_are_folders(string project)
    {
        foreach (var file in Files(project).Where(file => file.EndsWith(".cs", StringComparison.Ordinal)))
        {
            var folder = Path.GetRelativePath(Path.Combine(ArchitectureTests.Root, "src"), Path.GetDirectoryName(file)!).Replace('/', '.');
            if (Namespace().Match(File.ReadAllText(file)) is { Success: true } declared)
            {
                Assert.True(declared.Groups["name"].Value == folder, $"{file}: its namespace is {folder}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(ProjectNames))]
    public void Folders_use_each_other_in_one_direction(string project)
    {
        var edges = Edges(project);
        foreach (var (from, to) in edges.Keys.Where(edge => edges.ContainsKey((edge.To, edge.From))))
        {
            Assert.Fail($"{project}: {from} uses {to} in {edges[(from, to)]}, and {to} uses {from} in {edges[(to, from)]}");
        }

        Assert.Equal("", CycleIn(edges.Keys));
    }

    [Fact]
    public void No_room_of_the_web_has_more_than_17_files()
    {
        var rooms = Files("Sandbox.Web").Where(file => file.EndsWith(".cs", StringComparison.Ordinal)).GroupBy(file => Path.GetDirectoryName(file)!, StringComparer.Ordinal);

        Assert.Empty(rooms.Where(room => room.Count() > 17).Select(room => $"{room.Key}: {room.Count()}"));
    }

    /// <summary>Which folder uses which, each with a file that does: by a using, or by a name that begins with the folder's.</summary>
    private static Dictionary<(string From, string To), string> Edges(string project)
    {
        var root = Path.Combine(ArchitectureTests.Root, "src", project);
        var sources = Files(project).Select(file => (File: file, Parts: Path.GetRelativePath(root, file).Split('/'))).Where(source => source.Parts.Length > 1)
            .Select(source => (source.File, Folder: source.Parts[0], Text: NoCode().Replace(File.ReadAllText(source.File), " "))).ToList();
        var folders = sources.Select(source => source.Folder).ToHashSet(StringComparer.Ordinal);
        var types = sources.SelectMany(source => TypeDefinition().Matches(source.Text).Select(type => (source.Folder, Name: type.Groups["name"].Value))).ToHashSet();
        var edges = new Dictionary<(string From, string To), string>();
        foreach (var (file, folder, text) in sources)
        {
            var used = Qualified(project).Matches(text).Select(name => name.Groups["folder"].Value)
                .Concat(Relative().Matches(text).Where(name => types.Contains((name.Groups["folder"].Value, name.Groups["type"].Value))).Select(name => name.Groups["folder"].Value));
            foreach (var other in used.Where(other => other != folder && folders.Contains(other)))
            {
                edges[(folder, other)] = Path.GetFileName(file);
            }
        }

        return edges;
    }

    /// <summary>The edges of a cycle, or nothing: edges into folders that use no other are taken away until none is left.</summary>
    private static string CycleIn(IEnumerable<(string From, string To)> edges)
    {
        var left = edges.ToList();
        while (left.RemoveAll(edge => left.TrueForAll(other => other.From != edge.To)) > 0)
        {
            // A folder that uses no other is in no cycle.
        }

        return string.Join(", ", left.Select(edge => $"{edge.From} -> {edge.To}"));
    }

    private static IEnumerable<string> Files(string project) =>
        ArchitectureTests.Folders(Path.Combine(ArchitectureTests.Root, "src", project))
            .Where(folder => Path.GetFileName(folder) != "Migrations")
            .SelectMany(Directory.EnumerateFiles)
            .Where(file => Path.GetExtension(file) is ".cs" or ".razor");

    private static Regex Qualified(string project) => new(@"\b" + Regex.Escape(project) + @"\.(?<folder>[A-Z]\w*)", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    /// <summary><c>Terminals.SizePolicy</c> in another folder of the same project.</summary>
    [GeneratedRegex(@"(?<![\w.])(?<folder>[A-Z]\w*)\.(?<type>[A-Z]\w*)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Relative();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.CultureInvariant | RegexOptions.Multiline, 1000)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\b(class|struct|record|enum|interface)\s+(?<name>[A-Z]\w*)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TypeDefinition();

    /// <summary>Strings and comments. Those of documentation too: what they refer to needs a using, if it is in another folder.</summary>
    [GeneratedRegex("""
        \"{3}[\s\S]*?\"{3}|@"([^"]|"")*"|"(\\.|[^"\\\n])*"|//[^\n]*|/\*[\s\S]*?\*/|@\*[\s\S]*?\*@
        """, RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace, 1000)]
    private static partial Regex NoCode();
}
