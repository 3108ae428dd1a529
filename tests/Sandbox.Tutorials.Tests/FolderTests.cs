using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Sandbox.Core.Errors;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Folders;
using Xunit;

namespace Sandbox.Tutorials.Tests;

/// <summary>Our own format.</summary>
public sealed class FolderTests
{
    [Fact]
    public void A_new_tutorial_has_no_problem()
    {
        using var tree = new SampleTree();
        NewTutorial.Write(tree.Root + "/new");
        Assert.Contains("infra/tutorial-test", File.ReadAllText(tree.Root + "/new/.github/workflows/tutorial.yml"), StringComparison.Ordinal);
        var scenario = Assert.Single(SampleTree.Import(tree.Root + "/new").Scenarios);

        Assert.Empty(scenario.Problems);
        Assert.True(scenario.IsRunnable);
        Assert.Equal(["Say hello", "Keep it"], scenario.Tutorial.Steps.Select(step => step.Title));
        Assert.All(scenario.Tutorial.Steps, step => Assert.True(step.Check is not null && step.Solve is not null));
        Assert.Equal(["run", "run", "write", "run", "quiz"], scenario.Tutorial.Steps.SelectMany(step => step.Blocks).Select(block => block.Kind));
        Assert.Equal(ErrorCode.Conflict, Assert.Throws<SandboxException>(() => NewTutorial.Write(tree.Root + "/new")).Code);
    }

    [Fact]
    public void The_schema_accepts_a_new_tutorial_and_refuses_an_unknown_field()
    {
        using var tree = new SampleTree();
        NewTutorial.Write(tree.Root + "/new");
        var schema = JsonSchema.FromText(NewTutorial.Schema);
        var written = ToJson(LocatedYaml.Parse(File.ReadAllText(tree.Root + "/new/tutorial.yaml"), 1, out _, out _, out _)!);

        Assert.True(Evaluate(schema, written));
        written["steps"]![0]!["fil"] = "x";
        Assert.False(Evaluate(schema, written));
    }

    [Fact]
    public void All_mistakes_are_named_at_once_with_field_line_and_column()
    {
        using var tree = new SampleTree(
            ("tutorial.yaml", """
                titel: T
                difficulty: hard
                nodes:
                  - name: main
                    image: debian
                    files:
                      - path: relative
                        text: x
                parameters:
                  - name: 1st
                steps:
                  - file: a.md
                    verify: gone.sh
                  - file: gone.md
                """),
            ("a.md", "```bash rum\nls\n```\n\n```run in=99\nls\n```\n\n:::when nobody=1\nx\n:::\n\n```file=\nx\n```\n"));
        var scenario = tree.Single();
        var named = scenario.Problems.Where(problem => problem.Kind == ProblemKind.Mistake).Select(problem => (problem.File, problem.Line, problem.Field)).ToList();

        Assert.Contains(("tutorial.yaml", 1, "titel"), named);
        Assert.Contains(("tutorial.yaml", 1, "title"), named);
        Assert.Contains(("tutorial.yaml", 2, "difficulty"), named);
        Assert.Contains(("tutorial.yaml", 7, "nodes[0].files[0].path"), named);
        Assert.Contains(("tutorial.yaml", 10, "parameters[0].name"), named);
        Assert.Contains(("tutorial.yaml", 13, "steps[0].verify"), named);
        Assert.Contains(("tutorial.yaml", 14, "steps[1].file"), named);
        Assert.Contains(("a.md", 1, null), named);
        Assert.Contains(("a.md", 5, null), named);
        Assert.Contains(("a.md", 13, null), named);
        Assert.Contains(scenario.Problems, problem => problem.What.Contains("unknown parameter nobody", StringComparison.Ordinal));
        Assert.False(scenario.IsRunnable);
        Assert.Equal(15, scenario.Problems.First(problem => problem.Field == "nodes[0].files[0].path").Column);
    }

    [Fact]
    public void Fences_say_what_a_click_does()
    {
        var blocks = Blocks("""
            ```bash run in=2 interrupt
            npm start
            ```
            ```interrupt in=2
            ```
            ```copy
            text
            ```
            ```js file=app.js insert="// here"
            let a;
            ```
            ```file=app.js append mode=755
            b
            ```
            ```file=app.js replace="old text"
            new
            ```
            ```open=app.js line=10
            ```
            ```port=8080 path=/health
            The app
            ```
            ```mermaid
            graph LR
            ```
            ```python
            plain
            ```
            Open [the app](port:3000/x), or [the file](open:src/a b.js:7) and not `[x](port:1)`.
            """);

        Assert.Equal(["run", "interrupt", "copy", "write", "write", "write", "open", "port", "diagram", "port"], blocks.Take(10).Select(block => block.Kind));
        Assert.Equal((2, true, "bash"), (((RunBlock)blocks[0]).Terminal, ((RunBlock)blocks[0]).Interrupt, blocks[0].Language));
        Assert.Equal((WriteMode.InsertBefore, "// here", "let a;\n"), (((WriteFileBlock)blocks[3]).Mode, ((WriteFileBlock)blocks[3]).Marker, ((WriteFileBlock)blocks[3]).Text));
        Assert.Equal((WriteMode.Append, "755"), (((WriteFileBlock)blocks[4]).Mode, ((WriteFileBlock)blocks[4]).Permissions));
        Assert.Equal((WriteMode.Replace, "old text", "new"), (((WriteFileBlock)blocks[5]).Mode, ((WriteFileBlock)blocks[5]).Marker, ((WriteFileBlock)blocks[5]).Text));
        Assert.Equal(10, ((OpenFileBlock)blocks[6]).At);
        Assert.Equal((8080, "/health", "The app"), (((OpenPortBlock)blocks[7]).Port, ((OpenPortBlock)blocks[7]).Path, ((OpenPortBlock)blocks[7]).Label));
        Assert.Equal((3000, "/x"), (((OpenPortBlock)blocks[9]).Port, ((OpenPortBlock)blocks[9]).Path));
    }

    [Fact]
    public void Parts_are_shown_while_their_conditions_hold()
    {
        using var tree = Own("a\n\n:::when db=postgres\nb\n\n:::hint Look\nc\n:::\n:::\n\nd\n", "parameters: [{name: db, choices: [postgres, mysql]}]\n");
        var step = tree.Single().Tutorial.Steps[0];

        Assert.Equal(3, step.Passages.Count);
        Assert.Equal(new Condition("db", "postgres"), Assert.Single(step.Passages[1].When));
        Assert.Contains("<summary>Look</summary>", step.Passages[1].Markdown, StringComparison.Ordinal);
        Assert.Empty(step.Passages[2].When);
    }

    [Theory]
    [InlineData("a: [")]
    [InlineData("- a\n- b")]
    [InlineData("")]
    [InlineData("a: &a [*a, *a]")]
    [InlineData("a: 1\na: 2")]
    [InlineData("%YAML 9.9\n---\n\t")]
    public void Yaml_that_is_none_is_named(string yaml)
    {
        using var tree = new SampleTree(("tutorial.yaml", yaml));

        Assert.False(tree.Single().IsRunnable);
    }

    [Fact]
    public void A_bomb_of_aliases_or_levels_is_named()
    {
        var aliases = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n";
        using var tree = new SampleTree(("one/tutorial.yaml", aliases), ("two/tutorial.yaml", "a: " + new string('[', 100_000)));

        Assert.All(tree.Import().Scenarios, scenario => Assert.False(scenario.IsRunnable));
    }

    [Fact]
    public void A_check_that_cannot_fail_and_a_block_that_never_returns_are_named()
    {
        using var tree = Own("```run\ntail -f /var/log/syslog\n```\n\n```run\nls\n```\n");
        tree.Write("a.verify.sh", "ls\nexit 0\n"u8.ToArray());
        var advice = tree.Single().Problems.Where(problem => problem.Kind == ProblemKind.Advice).ToList();

        Assert.Equal([("a.md", 1), ("a.verify.sh", 1)], advice.Select(problem => (problem.File, problem.Line)).Order());
        Assert.True(tree.Single().IsRunnable);
    }

    [Theory]
    [InlineData("docker compose up", true)]
    [InlineData("docker compose up -d", false)]
    [InlineData("docker logs -f web", true)]
    [InlineData("docker run -d nginx", false)]
    [InlineData("docker run -d ubuntu \\\n  sleep infinity", false)]
    [InlineData("sleep infinity", true)]
    [InlineData("python3 -m http.server 8000", true)]
    [InlineData("python3 -m http.server 8000 &", false)]
    [InlineData("ping example.org", true)]
    [InlineData("ping -c 3 example.org", false)]
    [InlineData("vim a.txt", true)]
    [InlineData("cat > a.sh <<EOF\ntail -f x\nEOF", false)]
    [InlineData("timeout 5 tail -f x", false)]
    [InlineData("while true; do date; sleep 1; done", true)]
    [InlineData("docker run -d --name a busybox sh -c 'while sleep 1; do date; done'", false)]
    [InlineData("docker run -it busybox sh -c 'while sleep 1; do date; done'", true)]
    public void A_command_that_stays_is_known(string command, bool stays) => Assert.Equal(stays, Linting.Blocking.Reason(command) is not null);

    private static IReadOnlyList<Block> Blocks(string markdown)
    {
        using var tree = Own(markdown);
        return tree.Single().Tutorial.Steps[0].Blocks;
    }

    private static SampleTree Own(string markdown, string more = "") => new(("tutorial.yaml", "title: T\nimage: debian\n" + more + "steps: [{file: a.md}]\n"), ("a.md", markdown));

    private static bool Evaluate(JsonSchema schema, JsonNode json) => schema.Evaluate(JsonSerializer.SerializeToElement(json)).IsValid;

    private static JsonNode ToJson(LocatedValue value) => value.Kind switch
    {
        JsonValueKind.Object => new JsonObject(value.Members.Select(member => KeyValuePair.Create(member.Key, (JsonNode?)ToJson(member.Value)))),
        JsonValueKind.Array => new JsonArray([.. value.Items.Select(ToJson)]),
        JsonValueKind.True or JsonValueKind.False => JsonValue.Create(value.IsTrue),
        _ => JsonValue.Create(value.Text)!,
    };
}
