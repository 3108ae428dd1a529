using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Sandbox.Core.Tests;

/// <summary>The design's table of projects, kept: a forbidden edge fails here and not in a review.</summary>
public sealed partial class ArchitectureTests
{
    internal static readonly string Root = FindRoot();

    private static readonly Dictionary<string, string[]> MayReference = new()
    {
        ["Sandbox.Core"] = [],
        ["Sandbox.Rpc"] = ["Sandbox.Core"],
        ["Sandbox.Daemon"] = ["Sandbox.Core", "Sandbox.Rpc", "Sandbox.Terminals"],
        ["Sandbox.Init"] = [],
        ["Sandbox.Terminals"] = [],
        ["Sandbox.Tty"] = ["Sandbox.Terminals"],
        ["Sandbox.Web"] = ["Sandbox.Core", "Sandbox.Rpc", "Sandbox.Terminals", "Sandbox.Recipes", "Sandbox.Tutorials", "Sandbox.Docker", "Sandbox.Kubernetes"],
        ["Sandbox.Docker"] = ["Sandbox.Core"],
        ["Sandbox.Kubernetes"] = ["Sandbox.Core"],
        ["Sandbox.Cli"] = ["Sandbox.Core", "Sandbox.Tutorials"],
        ["Sandbox.Recipes"] = ["Sandbox.Core"],
        ["Sandbox.Tutorials"] = ["Sandbox.Core", "Sandbox.Recipes"],
    };

    private static readonly Dictionary<string, string> MayUse = new()
    {
        ["Sandbox.Core"] = @"^Microsoft\.Extensions\.Logging\.Abstractions$",
        ["Sandbox.Rpc"] = @"^(Google\.Protobuf|Grpc\..*|Microsoft\.Extensions\.Logging\.Abstractions)$",
        ["Sandbox.Daemon"] = @"^(?!Microsoft\.EntityFrameworkCore|Microsoft\.AspNetCore\.Components|MudBlazor)",
        ["Sandbox.Terminals"] = "^$",
        ["Sandbox.Tty"] = "^$",
        ["Sandbox.Init"] = "^$",
        ["Sandbox.Recipes"] = "^YamlDotNet$",
        ["Sandbox.Tutorials"] = "^(HtmlSanitizer|Markdig)$",
        ["Sandbox.Cli"] = "^$",
        ["Sandbox.Web"] = "",
    };

    [Fact]
    public void Every_project_references_only_what_the_design_allows()
    {
        var projects = Projects("src");
        Assert.True(projects.Count >= 5, "the projects of src were not found");
        foreach (var (name, project) in projects)
        {
            Assert.True(MayReference.TryGetValue(name, out var allowed), $"{name} is not in the design's table of projects");
            foreach (var reference in Included(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'))))
            {
                Assert.True(allowed.Contains(reference), $"{name} may not reference {reference}");
            }
        }
    }

    [Fact]
    public void Every_project_uses_only_the_packages_the_design_allows()
    {
        foreach (var (name, project) in Projects("src"))
        {
            if (MayUse.TryGetValue(name, out var allowed))
            {
                foreach (var package in Included(project, "PackageReference"))
                {
                    Assert.True(Regex.IsMatch(package, allowed, RegexOptions.None, TimeSpan.FromSeconds(1)), $"{name} may not use {package}");
                }
            }
        }
    }

    [Fact]
    public void Versions_stand_in_one_place()
    {
        foreach (var (name, project) in Projects("src").Concat(Projects("tests")))
        {
            Assert.False(
                project.Descendants("PackageReference").Any(reference => reference.Attribute("Version") is not null || reference.Attribute("VersionOverride") is not null),
                $"{name} names a package version of its own");
        }
    }

    [Fact]
    public void Folders_are_nouns_of_the_domain()
    {
        string[] buckets = ["Services", "Models", "Helpers", "Utils", "Utilities", "Interfaces", "Common", "Managers"];

        var found = Folders(Path.Combine(Root, "src")).Concat(Folders(Path.Combine(Root, "tests")))
            .Where(folder => buckets.Contains(Path.GetFileName(folder), StringComparer.OrdinalIgnoreCase))
            .Select(folder => Path.GetRelativePath(Root, folder));

        Assert.Empty(found);
    }

    [Fact]
    public void No_type_has_the_name_of_the_root_namespace()
    {
        var files = Sources().ToList();
        Assert.True(files.Count > 20, "the sources were not found");

        Assert.Empty(files.Where(file => RootNamespaceType().IsMatch(File.ReadAllText(file))).Select(file => Path.GetRelativePath(Root, file)));
    }

    private static IEnumerable<string> Sources() =>
        Folders(Path.Combine(Root, "src")).Concat(Folders(Path.Combine(Root, "tests"))).SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs"));

    private static List<(string Name, XDocument Project)> Projects(string top) =>
        [.. Folders(Path.Combine(Root, top)).SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj")).Select(file => (Path.GetFileNameWithoutExtension(file), XDocument.Load(file)))];

    private static IEnumerable<string> Included(XDocument project, string element) =>
        project.Descendants(element).Select(reference => (string?)reference.Attribute("Include")).OfType<string>();

    internal static IEnumerable<string> Folders(string top)
    {
        yield return top;
        foreach (var folder in Directory.EnumerateDirectories(top))
        {
            if (Path.GetFileName(folder) is "bin" or "obj" or "node_modules" or "TestResults")
            {
                continue;
            }

            foreach (var below in Folders(folder))
            {
                yield return below;
            }
        }
    }

    private static string FindRoot()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Sandbox.sln")))
        {
            at = at.Parent;
        }

        return at?.FullName ?? throw new InvalidOperationException("the tests do not run inside the repository");
    }

    [GeneratedRegex(@"\b(class|record|struct|interface|enum)\s+Sandbox\b(?!\.)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RootNamespaceType();
}
