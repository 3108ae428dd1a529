using System.Text.RegularExpressions;
using Xunit;

namespace Sandbox.Core.Tests;

/// <summary>The one rule of format that neither the build nor the check of white space in <c>infra/test</c> enforces.</summary>
public sealed partial class UsingsTests
{
    [Fact]
    public void Usings_are_sorted_with_System_first()
    {
        var files = new[] { "src", "tests" }
            .SelectMany(top => Directory.EnumerateFiles(Path.Combine(Root(), top), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Split('/').Any(part => part is "bin" or "obj" or "node_modules" or "Migrations"))
            .ToArray();

        Assert.NotEmpty(files);
        Assert.DoesNotContain(files, file =>
        {
            var usings = File.ReadLines(file)
                .TakeWhile(line => !line.StartsWith("namespace ", StringComparison.Ordinal))
                .Where(line => line.StartsWith("using ", StringComparison.Ordinal) || line.StartsWith("global using ", StringComparison.Ordinal))
                .ToArray();
            return !usings.SequenceEqual(Sorted(usings));
        });
    }

    [Fact]
    public void The_order_is_that_of_dotnet_format() =>
        Assert.Equal(
            [
                "using System;", "using System.Text;", "using System.Text.Json;", "using Alpha;", "using Microsoft.Win32;", "using Zeta.Beta;", "using ZetaAlpha;",
                "using static System.Math;", "using Name = System.String;",
            ],
            Sorted(
            [
                "using Name = System.String;", "using ZetaAlpha;", "using static System.Math;", "using Zeta.Beta;", "using System.Text.Json;", "using Microsoft.Win32;",
                "using System.Text;", "using Alpha;", "using System;",
            ]));

    private static IEnumerable<string> Sorted(IEnumerable<string> usings) => usings
        .OrderBy(line => !line.StartsWith("global ", StringComparison.Ordinal))
        .ThenBy(line => line.Contains('=', StringComparison.Ordinal) ? 2 : line.Contains("using static ", StringComparison.Ordinal) ? 1 : 0)
        .ThenBy(line => Name(line).Split('.')[0] != "System")
        // By segment: a dot comes before every letter.
        .ThenBy(line => Name(line).Replace('.', '\0'), StringComparer.OrdinalIgnoreCase);

    private static string Name(string line) => Prefix().Replace(line, "").TrimEnd(';');

    [GeneratedRegex("^(global )?using (static )?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Prefix();

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Sandbox.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("Run the tests from within the source tree.");
        }

        return directory.FullName;
    }
}
