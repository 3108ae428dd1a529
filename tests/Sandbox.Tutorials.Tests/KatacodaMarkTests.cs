using Sandbox.Tutorials.Blocks;
using Xunit;

namespace Sandbox.Tutorials.Tests;

/// <summary>Every form of mark that was counted in real scenarios.</summary>
public sealed class KatacodaMarkTests
{
    [Theory]
    [InlineData("Run `ls -l`{{execute}} now.", "ls -l")]
    [InlineData("Run `ls -l`{{ exec }} now.", "ls -l")]
    [InlineData("Run `ls -l` {{exec}} now.", "ls -l")]
    [InlineData("Run `ls -l`{{EXEC}} now.", "ls -l")]
    [InlineData("Run ``echo `date` ``{{execute}} now.", "echo `date` ")]
    [InlineData("Run ```ls -l```{{execute}} now.", "ls -l")]
    [InlineData("Run `for i in 1 2\ndo echo $i\ndone`{{execute}}", "for i in 1 2\ndo echo $i\ndone")]
    [InlineData("```\nls\n```{{execute}}", "ls")]
    [InlineData("```bash\r\nls\r\npwd\r\n```{{exec}}\r\n", "ls\npwd")]
    [InlineData("```bash\nls\n``` {{execute}}", "ls")]
    [InlineData("```\nls\npwd```{{execute}}", "ls\npwd")]
    [InlineData("1. First:\n\n    ```bash\n    ls\n      pwd\n    ```{{exec}}\n", "ls\n  pwd")]
    [InlineData("- ```\n  ls\n  ```{{exec}}\n", "ls")]
    [InlineData("> ```\n> ls\n> ```{{exec}}\n", "ls")]
    [InlineData("Run ```\nls\n```{{execute}} now", "\nls\n")]
    [InlineData("<details><summary>Solution</summary>\n```\nls\n```{{exec}}\n</details>", "ls")]
    public void Code_with_a_mark_runs(string markdown, string command)
    {
        var block = Assert.IsType<RunBlock>(Assert.Single(Blocks(markdown)));

        Assert.Equal(command, block.Command);
        Assert.True(block.Enter);
    }

    [Fact]
    public void Arguments_come_in_any_order()
    {
        var blocks = Blocks("`a`{{execute T2 interrupt}} `b`{{execute interrupt T1}} `c`{{execute HOST2}} `d`{{execute no-newline}} `^C`{{execute ctrl-seq}}").Cast<RunBlock>().ToList();

        Assert.Equal((2, true), (blocks[0].Terminal, blocks[0].Interrupt));
        Assert.Equal((1, true), (blocks[1].Terminal, blocks[1].Interrupt));
        Assert.Equal(2, blocks[2].Host);
        Assert.Equal(("d", false), (blocks[3].Input, blocks[3].Enter));
        Assert.Equal("\u0003", blocks[4].Input);
        Assert.Equal("a\r", blocks[0].Input);
    }

    [Theory]
    [InlineData("`a`{{ecopy}}")]
    [InlineData("`a`{{exeute}}")]
    [InlineData("`a`{{execute test-echoIP}}")]
    [InlineData("```\na\n```{{cope}}")]
    public void A_mistyped_mark_copies_and_is_named(string markdown)
    {
        using var tree = SampleTree.Katacoda(markdown);
        var scenario = tree.Single();

        Assert.Equal("a", Assert.IsType<CopyBlock>(Assert.Single(scenario.Tutorial.Steps[0].Blocks)).Text);
        var problem = Assert.Single(scenario.Problems);
        Assert.Equal(("step1.md", 1), (problem.File, problem.Line));
        Assert.True(scenario.IsRunnable);
    }

    [Theory]
    [InlineData("`{{ .Values.x }}` and {{range .items}} and {{< docs/ignore >}}")]
    [InlineData("`a`{{}} has no button")]
    [InlineData("`a`{{ .Values.x }}")]
    [InlineData("<pre>\n```\nls\n```{{execute}}\n</pre>")]
    [InlineData("<!--\n```\nls\n```{{execute}}\n-->")]
    [InlineData("```\n`ls`{{execute}}\n```")]
    [InlineData("```{{execute}}\nls\n```")]
    [InlineData("```\nls\n")]
    [InlineData("A \\` is no code {{execute}}")]
    public void Anything_else_is_text(string markdown) => Assert.Empty(Blocks(markdown));

    [Theory]
    [InlineData("[app](https://[[HOST_SUBDOMAIN]]-8080-[[KATACODA_HOST]].environments.katacoda.com/a/b)", 8080, "/a/b", null)]
    [InlineData("https://[[HOST_SUBDOMAIN]]-80-[[KATACODA_HOST]].environments.katacoda.com.", 80, "/", null)]
    [InlineData("[x](http://name.[[HOST_SUBDOMAIN]]-80-[[KATACODA_HOST]].environments.katacoda.com/)", 80, "/", "name")]
    [InlineData("<a href=\"https://[[CLIENT_SUBDOMAIN]]-3000-[[KATACODA_HOST]].[[KATACODA_DOMAIN]]\">x</a>", 3000, "/", null)]
    [InlineData("https://[[HOST_SUBDOMAIN]]-[[KATACODA_HOST]].environments.katacoda.com", null, "/", null)]
    [InlineData("[x]({{TRAFFIC_HOST1_80}}/path)", 80, "/path", null)]
    [InlineData("[x]({{TRAFFIC_SELECTOR}})", null, "/", null)]
    public void A_url_of_a_port_opens_it(string markdown, int? port, string path, string? virtualHost)
    {
        var block = Assert.IsType<OpenPortBlock>(Assert.Single(Blocks(markdown)));

        Assert.Equal((port, path, virtualHost), (block.Port, block.Path, block.VirtualHost));
    }

    [Theory]
    [InlineData("{{TRAFFIC_HOST1_PORT}}")]
    [InlineData("{{TRAFFIC_HOST1_80/path}}")]
    [InlineData("{{TRAFFIC_HOSTX_Y}}")]
    public void A_malformed_port_stays_and_is_named(string markdown)
    {
        using var tree = SampleTree.Katacoda(markdown);
        var scenario = tree.Single();

        Assert.Contains(markdown, scenario.Tutorial.Steps[0].Passages[0].Markdown, StringComparison.Ordinal);
        Assert.Single(scenario.Problems);
    }

    [Theory]
    [InlineData("data-target=\"clipboard\"", null, null)]
    [InlineData("", null, null)]
    [InlineData("data-target=\"replace\"", WriteMode.Create, null)]
    [InlineData("data-target=\"append\"", WriteMode.Append, null)]
    [InlineData("data-target='prepend'", WriteMode.Prepend, null)]
    [InlineData("data-target=\"insert\"\n data-marker=\"<!-- here -->\"", WriteMode.Replace, "<!-- here -->")]
    public void Text_for_the_editor_is_copied_or_written(string target, WriteMode? mode, string? marker)
    {
        var block = Assert.Single(Blocks($"Put it there:\n<pre class=\"file\" data-filename=\"app.js\" {target}>if (a &lt; b) {{\n\n}}</pre>\nDone."));

        if (mode is null)
        {
            Assert.Equal("if (a < b) {\n\n}", Assert.IsType<CopyBlock>(block).Text);
            return;
        }

        var write = Assert.IsType<WriteFileBlock>(block);
        Assert.Equal(("app.js", "if (a < b) {\n\n}", mode.Value, marker), (write.Path, write.Text, write.Mode, write.Marker));
    }

    [Fact]
    public void Classes_without_quotes_or_with_curly_ones_count()
    {
        Assert.Equal(2, Blocks("<pre class=file data-filename=a data-target=append>x</pre>\n\n<pre class=“file” data-filename=“a” data-target=“replace”>x</pre>").OfType<WriteFileBlock>().Count());
    }

    [Fact]
    public void Questions_have_their_answers()
    {
        var quizzes = Blocks(">>Q1: One?<<\n(*) a\n( ) b\n\n>>Q2: Some?<<\n[*] a\n[ ] b\n[*] c\n\n>>Q3: Say it<<\n=== word\n\n>>Q4: Part<<\n=~= or\n").Cast<QuizBlock>().ToList();

        Assert.Equal([QuizKind.One, QuizKind.Several, QuizKind.Exact, QuizKind.Contains], quizzes.Select(quiz => quiz.Answer));
        Assert.Equal("One?", quizzes[0].Question);
        Assert.Equal([true, false, true], quizzes[1].Choices.Select(choice => choice.Right));
    }

    [Fact]
    public void A_file_opens_in_the_editor() => Assert.Equal("app.js", Assert.IsType<OpenFileBlock>(Assert.Single(Blocks("Open `app.js`{{open}}."))).Path);

    [Fact]
    public void Text_after_a_mark_is_kept_and_named()
    {
        using var tree = SampleTree.Katacoda("```\nls\n```{{exec}}|skip{{sandbox}}\n");
        var scenario = tree.Single();

        Assert.IsType<RunBlock>(Assert.Single(scenario.Tutorial.Steps[0].Blocks));
        Assert.Contains("|skip{{sandbox}}", scenario.Tutorial.Steps[0].Passages[0].Markdown, StringComparison.Ordinal);
        Assert.Single(scenario.Problems);
    }

    private static IReadOnlyList<Block> Blocks(string markdown)
    {
        using var tree = SampleTree.Katacoda(markdown);
        return tree.Single().Tutorial.Steps[0].Blocks;
    }
}
