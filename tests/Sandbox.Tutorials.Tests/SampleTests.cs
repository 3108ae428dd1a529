using Sandbox.Tutorials.Backends;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Imports;
using Xunit;

namespace Sandbox.Tutorials.Tests;

/// <summary>Files written by others; the numbers were counted in the files.</summary>
public sealed class SampleTests
{
    private static readonly Lazy<ImportReport> Report = new(() => ImportReport.Of(SampleTree.Import(SampleTree.Shipped), TimeSpan.Zero));

    [Fact]
    public void Every_tutorial_is_found_once() => Assert.Equal(
        [
            ("grafana-killercoda/alloy/send-logs-to-loki", "katacoda"),
            ("grafana-killercoda/docs/complete-docs-example.md", "grafana"),
            ("grafana-killercoda/grafana/grafana-basics", "katacoda"),
            ("play-with-docker/_posts/2017-01-01-dev-stage1.markdown", "play-with-docker"),
            ("play-with-docker/_posts/2017-01-24-swarm-mode-intro.markdown", "play-with-docker"),
            ("play-with-docker/_posts/2017-01-25-docker-volumes.markdown", "play-with-docker"),
            ("play-with-docker/_posts/2017-06-26-orchestration-hol.markdown", "play-with-docker"),
        ],
        Report.Value.Scenarios.Select(scenario => (scenario.Path, scenario.Format)));

    [Fact]
    public void A_killercoda_scenario_has_its_actions()
    {
        var scenario = Scenario("send-logs-to-loki");

        Assert.Equal(("Use Grafana Alloy to send logs to Loki", 5, "docker", "yes"), (scenario.Title, scenario.Steps, scenario.Backend, scenario.Runnable));
        Assert.Equal([("copy", 42), ("port", 4), ("run", 7)], scenario.Actions.Select(action => (action.Key, action.Value)));
    }

    [Fact]
    public void Assets_of_a_glob_are_found()
    {
        var scenario = Scenario("grafana-basics");

        Assert.Equal([("port", 6), ("run", 10)], scenario.Actions.Select(action => (action.Key, action.Value)));
        Assert.Equal(4, scenario.Steps);
        var imported = SampleTree.Import(SampleTree.Shipped).Scenarios.Single(found => found.Tutorial.Path.EndsWith("grafana-basics", StringComparison.Ordinal));
        Assert.Equal(["/education/prometheus.yml", "/education/prometheus_datasource.yml"], imported.Tutorial.Assets.Select(asset => asset.Target));
    }

    [Fact]
    public void Comment_marks_make_pages()
    {
        var scenario = Scenario("complete-docs-example.md");

        Assert.Equal(3, scenario.Steps);
        Assert.Equal([("copy", 4), ("run", 6)], scenario.Actions.Select(action => (action.Key, action.Value)));
        Assert.Equal("yes", scenario.Runnable);
    }

    [Fact]
    public void A_lab_on_two_machines_runs_on_nodes()
    {
        var scenario = Scenario("2017-01-24-swarm-mode-intro.markdown");

        Assert.Equal([("quiz", 1), ("run", 15)], scenario.Actions.Select(action => (action.Key, action.Value)));
        Assert.Equal(("docker", 2, "yes"), (scenario.Backend, scenario.Hosts, scenario.Runnable));
        var lab = SampleTree.Import(SampleTree.Shipped).Scenarios.Single(found => found.Tutorial.Title == "Swarm mode introduction").Tutorial;
        Assert.Equal([1, 2], lab.Steps.SelectMany(step => step.Blocks).OfType<RunBlock>().Select(run => run.Host).Distinct().Order());
    }

    [Fact]
    public void A_lab_on_one_machine_runs()
    {
        var scenario = Scenario("2017-01-25-docker-volumes.markdown");

        Assert.Equal([("port", 2), ("run", 26)], scenario.Actions.Select(action => (action.Key, action.Value)));
        Assert.Equal("yes", scenario.Runnable);

        // Jekyll's marks around the braces are none of the command.
        var commands = SampleTree.Import(SampleTree.Shipped).Scenarios.Single(found => found.Tutorial.Title == "Docker Volumes").Tutorial.Steps.SelectMany(step => step.Blocks).OfType<RunBlock>();
        Assert.Contains(commands, run => run.Command.Trim() == """docker container inspect -f "{{ json .Mounts }}" c3 | jq""");
    }

    [Fact]
    public void A_lab_without_blocks_is_a_text() => Assert.Equal("a text without blocks to run", Scenario("2017-01-01-dev-stage1.markdown").Reason);

    [Fact]
    public void A_quiz_stands_after_its_mark()
    {
        var quiz = SampleTree.Import(SampleTree.Shipped).Scenarios.SelectMany(scenario => scenario.Tutorial.Steps).SelectMany(step => step.Blocks).OfType<QuizBlock>().Single();

        Assert.Equal("Which of these can you do with Docker Swarm Mode?", quiz.Question);
        Assert.Equal(6, quiz.Choices.Count(choice => choice.Right));
    }

    [Fact]
    public void Labspaces_are_read()
    {
        using var tree = new SampleTree(
            ("labspace.yaml", "title: Lab\ndescription: D\nsections:\n  - title: One\n    contentPath: ./docs/one.md\n  - title: Two\n    contentPath: ./docs/two.md\n"),
            ("docs/one.md", """
                ::variableDefinition[user]{prompt="Your name?"}

                ```bash terminal-id=2
                docker run $$user$$
                ```
                ```sh no-run-button
                ls
                ```
                ```yaml save-as=compose.yaml
                services: {}
                ```
                ```txt no-copy-button no-run-button
                x
                ```
                ::tabLink[Open it]{href="http://localhost:8080/a" title="App" id="app"}

                :::conditionalDisplay{variable="user" requiredValue="x"}
                Hidden
                :::

                ::unheard[of]{}
                """));
        var scenario = tree.Single();
        var blocks = scenario.Tutorial.Steps[0].Blocks;

        Assert.Equal(["parameter", "run", "copy", "write", "port"], blocks.Select(block => block.Kind));
        Assert.Equal(2, ((RunBlock)blocks[1]).Terminal);
        Assert.Equal(new Condition("user", "x"), scenario.Tutorial.Steps[0].Passages[1].When[0]);
        Assert.Equal([("docs/one.md", 21), ("labspace.yaml", 6)], scenario.Problems.Select(problem => (problem.File, problem.Line)).Order());
        Assert.Equal(["One", "Two"], scenario.Tutorial.Steps.Select(step => step.Title));
    }

    [Fact]
    public void Clickable_actions_of_educates_are_read()
    {
        using var tree = new SampleTree(
            ("resources/workshop.yaml", "kind: Workshop\nspec:\n  title: Lab\n  difficulty: beginner\n  duration: 15m\n"),
            ("workshop/examiner/tests/check", "#!/bin/bash\ntest -e \"$1\"\n"),
            ("workshop/content/01-one.md", """
                ---
                title: One
                ---
                ```terminal:execute
                command: echo hi
                session: 2
                clear: true
                ```
                ```terminal:interrupt
                session: 1
                ```
                ```workshop:copy
                text: abc
                ```
                ```editor:append-lines-to-file
                file: ~/a.txt
                text: b
                ```
                ```examiner:execute-test
                name: check
                args:
                - one
                timeout: 5
                ```
                ```dashboard:open-url
                url: https://example.org
                ```
                ```execute-2
                ls
                ```
                ```execute-all
                <ctrl+c>
                ```
                ```copy
                c
                ```
                ```terminal:fly
                high: true
                ```
                """));
        var scenario = tree.Single();
        var blocks = scenario.Tutorial.Steps[0].Blocks;

        Assert.Equal(["run", "interrupt", "copy", "write", "test", "url", "run", "interrupt", "copy"], blocks.Select(block => block.Kind));
        Assert.Equal((2, true), (((RunBlock)blocks[0]).Terminal, ((RunBlock)blocks[0]).Clear));
        Assert.Equal(["one"], ((TestBlock)blocks[4]).Arguments);
        Assert.Contains("test -e", ((TestBlock)blocks[4]).Script!.Text, StringComparison.Ordinal);
        Assert.Equal(37, Assert.Single(scenario.Problems).Line);
        Assert.Equal((BackendKind.Container, "Lab", "15m"), (scenario.Tutorial.Backend.Kind, scenario.Tutorial.Title, scenario.Tutorial.Time));
    }

    private static ScenarioReport Scenario(string path) => Report.Value.Scenarios.Single(scenario => scenario.Path.EndsWith(path, StringComparison.Ordinal));
}
