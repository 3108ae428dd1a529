using System.Diagnostics;
using System.Globalization;
using System.Text;
using CsCheck;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Documents;
using Xunit;

namespace Sandbox.Recipes.Tests;

/// <summary>Whatever the bytes are, they are refused in words and soon.</summary>
public sealed class HostileDocumentTests
{
    private static readonly string[] Pieces =
    [
        "image: a\n", "nodes:\n", "  - image: b\n", "setup: ", "[", "]", "{", "}", ",", ": ", "- ", "? ", "&a ", "*a", "!!binary ", "!x ", "<<: ", "|\n  x\n", ">-\n  y\n", "\"", "'", "#", "\n", "  ", "\t", "---\n", "...\n", "%YAML 1.2\n",
        "env: ", "null", "1", "0x1", "\\ud800", "\uD83D\uDE00", "\0", "\uFEFF", "é", "parameters:\n  - name: A\n", "terminals: ", "ports: ", "path: /a\n",
    ];

    [Fact]
    public void Ten_megabytes_are_refused() => Refused(new byte[10 << 20], "the document has more than 2 MiB");

    [Fact]
    public void Bomb_of_aliases_is_refused()
    {
        var yaml = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (var level = 1; level < 10; level++)
        {
            yaml.Append(CultureInfo.InvariantCulture, $"a{level}: &a{level} [{string.Join(", ", Enumerable.Repeat($"*a{level - 1}", 9))}]\n");
        }

        Refused(yaml, "the document has more than 20000 values");
        Refused(yaml.Append("? *a9\n: x\n"), "the document has more than 20000 values");
    }

    [Fact]
    public void Deep_aliases_are_refused() => Refused(
        string.Concat(Enumerable.Range(0, 30).Select(level => level == 0 ? "a0: &a0 [x]\n" : $"a{level}: &a{level} [*a{level - 1}]\n")),
        "the document is nested more than 16 levels");

    [Fact]
    public void Long_text_that_aliases_repeat_is_refused() => Refused(
        $"image: a\nenv:\n  A: &a {new string('x', 60_000)}\n" + string.Concat(Enumerable.Range(0, 9_000).Select(key => $"  B{key}: *a\n")),
        "the aliases of the document repeat more than 1 MiB of text");

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    public void Deep_nesting_is_refused(string open) => Refused(string.Concat(Enumerable.Repeat(open, 1_900_000 / open.Length)), null);

    [Theory]
    [InlineData("[0,")]
    [InlineData("{\"a\":")]
    public void Deep_json_is_refused(string open) => Refused("{\"a\":" + string.Concat(Enumerable.Repeat(open, 1_900_000 / open.Length)), null, "a.json");

    [Theory]
    [InlineData("a.yaml")]
    [InlineData("a.json")]
    public void Many_values_are_refused(string name) => Refused("{\"setup\": [" + string.Concat(Enumerable.Repeat("[],", 600_000)) + "[]]}", "the document has more than 20000 values", name);

    [Fact]
    public void Many_keys_are_refused_soon() => Refused("env:\n" + string.Concat(Enumerable.Range(0, 100_000).Select(number => $"  A{number}: x\n")), "the document has more than 20000 values");

    [Fact]
    public void Many_mistakes_are_a_list_that_ends() => Refused("image: a\n" + string.Concat(Enumerable.Range(0, 15_000).Select(number => $"x{number}: y\n")), null);

    [Fact]
    public void Long_lines_are_read_soon() => Soon("image: a\nfiles:\n  - path: /a\n    text: " + new string('x', 1 << 20) + "\n");

    [Theory]
    [InlineData("a ")]
    [InlineData("\"\\x41\" ")]
    [InlineData("# ")]
    [InlineData("&a ")]
    [InlineData("!a ")]
    [InlineData("|\n")]
    [InlineData("%A\n")]
    [InlineData("---\n")]
    [InlineData(" \n")]
    [InlineData("a:")]
    [InlineData("'")]
    public void Repetition_ends_soon(string piece) => Soon(string.Concat(Enumerable.Repeat(piece, 1_900_000 / piece.Length)));

    [Fact]
    public void Whatever_the_text_is_the_answer_is_a_valid_recipe_or_mistakes() =>
        Gen.Int[0, Pieces.Length - 1].Array[0, 30].Select(indexes => string.Concat(indexes.Select(index => Pieces[index]))).Sample(
            text =>
            {
                foreach (var name in new[] { "a.yaml", "a.json", "a" })
                {
                    var reading = RecipeDocument.Read(Encoding.UTF8.GetBytes(text), name);
                    Assert.True(reading.Recipe is null != (reading.Problems.Count == 0));
                    Assert.All(reading.Problems, problem => Assert.True(problem is { Line: > 0, Column: > 0, What.Length: > 0 }));
                    Assert.True(reading.Recipe is null || RecipeRules.Validate(reading.Recipe).Count == 0);
                }
            },
            iter: 5000);

    private static void Refused(object text, string? what, string name = "a.yaml") => Refused(Encoding.UTF8.GetBytes(text.ToString()!), what, name);

    private static void Refused(byte[] bytes, string? what, string name = "a.yaml")
    {
        var reading = Soon(bytes, name);
        Assert.Null(reading.Recipe);
        Assert.Equal(what ?? reading.Problems[0].What, reading.Problems[0].What);
    }

    private static void Soon(string text) => Soon(Encoding.UTF8.GetBytes(text), "a.yaml");

    private static RecipeReading Soon(byte[] bytes, string name)
    {
        var watch = Stopwatch.StartNew();
        var reading = RecipeDocument.Read(bytes, name);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"it took {watch.Elapsed}");
        return reading;
    }
}
