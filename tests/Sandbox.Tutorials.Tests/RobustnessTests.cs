using CsCheck;
using Sandbox.Tutorials.Imports;
using Sandbox.Tutorials.Rendering;
using Xunit;

namespace Sandbox.Tutorials.Tests;

/// <summary>Any file is read: nothing throws, and every problem has a place.</summary>
public sealed class RobustnessTests
{
    private static readonly string[] Pieces =
    [
        "```", "```bash\n", "`", "``", "{{execute}}", "{{exec interrupt T1}}", "{{", "}}", "{{TRAFFIC_HOST1_80}}", "[[HOST_SUBDOMAIN]]", "\n", "\n\n", "> ", "- ", "1. ", "    ", "\t",
        "<pre class=\"file\" data-target=\"insert\">", "</pre>", "<!--", "-->", "<details>", "</details>", ">>Q1: a<<\n", "[*] a\n", "(*) b\n", "=== c\n", "---\n", "title: a\n", "killercoda:\n", "layout: post\n",
        ":::hint\n", ":::when a=b\n", ":::\n", "::tabLink[a]{href=\"b\"}\n", "$$a$$", "![a](b)", "[a](port:80)", "{:.quiz}\n", "{:data-port=\"80\"}", "```.term1\n", "```run in=2\n", "```file=a\n", "```quiz\n",
        "<!-- INTERACTIVE page step1.md START -->\n", "<!-- INTERACTIVE page step1.md END -->\n", "<!-- INTERACTIVE ignore START -->\n", "<script>", "<svg>", "&lt;", "\\", "\uE000", "\uE0000\uE001", "\0", "\uD800", "text ", "~~~\n", "steps:\n", "  - file: a.md\n",
        "{", "}", "\"details\":", "[", "]", ",", "\"steps\"", "\"text\":\"a.md\"", "```terminal:execute\ncommand: a\n", "*", "_", "|", "#", "\r\n",
    ];

    private static readonly Gen<string> Text = Gen.Select(Gen.Int[0, Pieces.Length - 1].Array[0, 40], indexes => string.Concat(indexes.Select(index => Pieces[index])));

    [Fact]
    public void Marks_inside_marks_are_read() => Text.Sample(
        text =>
        {
            using var tree = new SampleTree(
                ("k/index.json", "{\"title\":\"T\",\"details\":{\"steps\":[{\"text\":\"a.md\",\"verify\":\"a.md\"}]},\"backend\":{\"imageid\":\"ubuntu\"}}"), ("k/a.md", text),
                ("o/tutorial.yaml", "title: T\nimage: debian\nsteps: [{file: a.md}]\n"), ("o/a.md", text),
                ("_posts/a.markdown", "---\nlayout: post\n---\n```.term1\nls\n```\n" + text),
                ("g/a.md", "---\nkillercoda: {}\n---\n<!-- INTERACTIVE page step1.md START -->\n" + text),
                ("e/workshop/content/a.md", text),
                ("l/labspace.yaml", "sections: [{contentPath: a.md}]"), ("l/a.md", text));
            Check(tree.Import(), 6);
        },
        iter: 100);

    [Fact]
    public void Broken_descriptions_are_read() => Text.Sample(
        text =>
        {
            using var tree = new SampleTree(
                ("k/index.json", text), ("k/step1.md", "x"), ("o/tutorial.yaml", text), ("l/labspace.yaml", text), ("structure.json", text),
                ("e/workshop/content/a.md", "x"), ("e/workshop/workshop.yaml", text), ("e/resources/workshop.yaml", text),
                ("_posts/a.markdown", "---\nlayout: post\n" + text + "\n---\n```.term1\nls\n```\n"));
            Check(tree.Import(), 3);
        },
        iter: 100);

    private static void Check(ImportResult result, int atLeast)
    {
        Assert.True(result.Scenarios.Count >= atLeast, $"{result.Scenarios.Count} scenarios");
        foreach (var scenario in result.Scenarios)
        {
            Assert.All(scenario.Problems, problem => Assert.True(problem is { Line: > 0, Column: > 0, File.Length: > 0, What.Length: > 0 }));
            var renderer = new StepRenderer(scenario.Tutorial);
            foreach (var step in scenario.Tutorial.Steps)
            {
                var html = renderer.Render(step, new RenderSettings());
                Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain('\uE000', html);
            }
        }

        Assert.NotNull(ImportReport.Of(result, TimeSpan.Zero));
    }
}
