using Sandbox.Tutorials.Katacoda;
using Sandbox.Tutorials.Rendering;
using Xunit;

namespace Sandbox.Tutorials.Tests;

public sealed class RenderTests
{
    [Fact]
    public void A_block_is_an_element_with_its_command()
    {
        Assert.Equal(
            "<ol>\n<li>Run <span class=\"block\" data-kind=\"run\" data-index=\"0\" data-command=\"a &amp;&amp; b\"><code>a &amp;&amp; b</code></span></li>\n</ol>\n",
            Render("1. Run `a && b`{{exec}}\n").Replace(" data-terminal=\"1\"", "", StringComparison.Ordinal));
        Assert.Equal(
            "<div class=\"block\" data-kind=\"run\" data-index=\"0\" data-command=\"ls\nid\"><pre><code class=\"language-bash\">ls\nid</code></pre></div>\n",
            Render("```bash\nls\nid\n```{{exec}}\n"));
    }

    [Theory]
    [InlineData("- item\n\n  ```\n  ls\n  ```{{exec}}\n")]
    [InlineData("> quote\n> ```\n> ls\n> ```{{exec}}\n")]
    [InlineData("<details><summary>x</summary>\n```\nls\n```{{exec}}\n</details>\n")]
    [InlineData("<div>\ntext\n```\nls\n```{{exec}}\n</div>\n")]
    [InlineData("text\n\n        ```\n        ls\n        ```{{exec}}\n")]
    [InlineData("text\n```\nls\n```{{exec}}\ntext\n")]
    public void A_block_survives_whatever_stands_around_it(string markdown)
    {
        var html = Render(markdown);

        Assert.Contains("data-command=\"ls\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("~~~", html, StringComparison.Ordinal);
        Assert.DoesNotContain('\uE000', html);
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("<a href=\"javascript:alert(1)\">x</a>")]
    [InlineData("[x](javascript:alert(1))")]
    [InlineData("[x](JaVaScRiPt&#58;alert(1))")]
    [InlineData("<svg onload=alert(1)><script>alert(1)</script></svg>")]
    [InlineData("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>")]
    [InlineData("<iframe src=\"https://example.org\"></iframe>")]
    [InlineData("<style>@import 'https://example.org'</style>")]
    [InlineData("<p style=\"background:url(https://example.org)\">x</p>")]
    [InlineData("<form action=\"/api/v1/playgrounds\"><input name=a></form>")]
    [InlineData("<span class=\"block\" data-kind=\"run\" data-command=\"rm -rf /\">x</span>")]
    [InlineData("<a href=\"sandbox-block:99\" onclick=\"alert(1)\">x</a>")]
    [InlineData("<a title=\"`<script>alert(1)</script>`{{exec}}\" href=x>y</a>")]
    [InlineData("<pre class=\"file\" data-filename=\"a\" data-target=\"append\" onclick=\"alert(1)\">x</pre>")]
    [InlineData("<base href=\"https://example.org\"><meta http-equiv=refresh content=0>")]
    [InlineData("<b id=\"app\" name=\"app\">x</b>")]
    public void Hostile_html_loses_its_sting(string markdown)
    {
        var html = Render(markdown);

        foreach (var sting in (string[])["<script", "onerror", "onload", "onclick", "javascript:", "<svg", "<math", "<iframe", "<style", "style=", "<form", "rm -rf", "sandbox-block:", "<base", "<meta", "id=\"app\""])
        {
            Assert.DoesNotContain(sting, html, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void Markup_in_a_command_stays_text()
    {
        var html = Render("`echo \"<script>alert(1)</script>\"`{{exec}}");

        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<div>", 50_000)]
    [InlineData("> ", 50_000)]
    [InlineData("[", 50_000)]
    [InlineData("<b><i>", 20_000)]
    [InlineData("- ", 20_000)]
    [InlineData("*_", 50_000)]
    public void Depth_is_shown_as_text(string piece, int times) => Assert.NotNull(Render(string.Concat(Enumerable.Repeat(piece, times))));

    [Fact]
    public void Values_do_not_make_a_text_grow_without_end()
    {
        var text = string.Concat(Enumerable.Repeat("$$a$$", 20_000));

        Assert.Equal(text, ParameterText.Substitute(text, new Dictionary<string, string> { ["a"] = new('x', ParameterText.MaxValueLength + 1) }));
        Assert.InRange(ParameterText.Substitute(text, new Dictionary<string, string> { ["a"] = new('x', ParameterText.MaxValueLength) }).Length, 1_000_000, 1_200_000);
    }

    [Fact]
    public void Parameters_and_conditions_follow_their_values()
    {
        using var tree = new SampleTree(
            ("tutorial.yaml", "title: T\nimage: debian\nparameters: [{name: who, default: you}]\nsteps: [{file: a.md}]\n"),
            ("a.md", "Hello $$who$$, not $$other$$.\n\n```run\necho $$who$$ $$\n```\n\n:::when who=me\nMine\n:::\n\n$E=mc^2$\n"));
        var tutorial = tree.Single().Tutorial;
        var renderer = new StepRenderer(tutorial);
        var standard = renderer.Render(tutorial.Steps[0], new RenderSettings());
        var chosen = renderer.Render(tutorial.Steps[0], new RenderSettings { Parameters = new Dictionary<string, string> { ["who"] = "<b>me</b>" } });
        var mine = renderer.Render(tutorial.Steps[0], new RenderSettings { Parameters = new Dictionary<string, string> { ["who"] = "me" } });

        Assert.Contains("Hello you", standard, StringComparison.Ordinal);
        Assert.Contains("data-command=\"echo you $$\"", standard, StringComparison.Ordinal);
        Assert.Contains("<div data-when=\"who=me\" hidden=\"\">", standard, StringComparison.Ordinal);
        Assert.Contains("<div data-when=\"who=me\">", mine, StringComparison.Ordinal);
        Assert.Contains("Hello &lt;b&gt;me&lt;/b&gt;", chosen, StringComparison.Ordinal);
        Assert.Contains("class=\"math\"", standard, StringComparison.Ordinal);
    }

    [Fact]
    public void Placeholders_become_addresses_once_it_runs()
    {
        var addresses = new PlaygroundAddresses((host, port) => new Uri($"https://{port ?? 0}-h{host}.example.org/"), host => $"10.0.0.{host}");

        Assert.Equal(
            "curl https://8080-h1.example.org/x 10.0.0.1 10.0.0.2 https://80-h2.example.org [[ -f x ]] [[UNKNOWN]] {{ .Values }}",
            Placeholders.Substitute("curl https://[[HOST_SUBDOMAIN]]-8080-[[KATACODA_HOST]].environments.katacoda.com/x [[HOST_IP]] [[HOST2_IP]] {{TRAFFIC_HOST2_80}} [[ -f x ]] [[UNKNOWN]] {{ .Values }}", addresses));
    }

    private static string Render(string markdown)
    {
        using var tree = SampleTree.Katacoda(markdown);
        var tutorial = tree.Single().Tutorial;
        return new StepRenderer(tutorial).Render(tutorial.Steps[0], new RenderSettings());
    }
}
