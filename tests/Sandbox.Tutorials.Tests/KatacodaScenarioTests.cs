using Sandbox.Tutorials.Backends;
using Sandbox.Tutorials.Checks;
using Xunit;

namespace Sandbox.Tutorials.Tests;

public sealed class KatacodaScenarioTests
{
    [Fact]
    public void Both_vocabularies_are_read()
    {
        using var tree = new SampleTree(
            ("index.json", """
                {"title":"T","details":{
                  "intro":{"text":"intro.md","courseData":"bg.sh","code":"fg.sh"},
                  "steps":[{"title":"","text":"step1.md","background":"bg.sh","foreground":"fg.sh","verify":"verify.sh","answer":"answer.md"}],
                  "finish":{"text":"finish.md"},
                  "assets":{"host01":[{"file":"*.sh","target":"~/","chmod":"+x"}],"client":[{"file":"conf/**/*.*","target":"/etc/app"},{"file":"gone","target":"/"}]}},
                 "environment":{"uilayout":"editor-terminal","uieditorpath":"/root/app","showvisualise":true,"dashboards":[{"name":"App","port":8080},{"name":"Web","href":"https://[[HOST_SUBDOMAIN]]-80-[[KATACODA_HOST]].environments.katacoda.com/"}]},
                 "backend":{"imageid":"ubuntu"}}
                """),
            ("intro.md", "# Welcome"), ("step1.md", "# First\n"), ("finish.md", "Bye"), ("bg.sh", "sleep 1\r\n"), ("fg.sh", "clear"), ("answer.md", "Do it"),
            ("verify.sh", "grep x y && echo \"done\""), ("assets/a.sh", "x"), ("assets/conf/b/c.txt", "y"));
        var scenario = tree.Single();
        var tutorial = scenario.Tutorial;

        Assert.Equal(["Welcome", "First", "Finish"], tutorial.Steps.Select(step => step.Title));
        Assert.All(tutorial.Steps.Take(2), step => Assert.Equal(("sleep 1\n", "clear"), (step.Setup?.Text, step.Foreground?.Text)));
        Assert.Equal(PassRule.ExitCodeAndDone, tutorial.Steps[1].Check?.Rule);
        Assert.Equal("Do it", tutorial.Steps[1].Answer);
        Assert.Equal([("assets/a.sh", "~/a.sh", "+x"), ("assets/conf/b/c.txt", "/etc/app/conf/b/c.txt", null)], tutorial.Assets.Select(asset => (asset.File, asset.Target, asset.Mode)));
        Assert.Equal((true, "/root/app"), (tutorial.Layout.Editor, tutorial.Layout.EditorPath));
        Assert.Equal([8080, 80], tutorial.Layout.Dashboards.Select(dashboard => dashboard.Port));
        Assert.Equal([("index.json", 5, "no file assets/gone is there"), ("index.json", 6, "not supported")], scenario.Problems.Select(problem => (problem.File, problem.Line, problem.What)).Order());
    }

    [Fact]
    public void A_missing_file_is_named_with_its_line_and_the_step_stays()
    {
        using var tree = new SampleTree(
            ("index.json", "{\"title\":\"T\",\n\"details\":{\"steps\":[\n{\"title\":\"A\",\"text\":\"step1.md\"},\n{\"title\":\"B\",\"text\":\"step2.md\"}]},\n\"backend\":{\"imageid\":\"ubuntu\"}}"),
            ("Step1.md", "x"), ("step2.md", "y"));
        var scenario = tree.Single();

        Assert.Equal(["A", "B"], scenario.Tutorial.Steps.Select(step => step.Title));
        var problem = Assert.Single(scenario.Problems);
        Assert.Equal((3, "details.steps[0].text", "the file step1.md is missing; there is Step1.md"), (problem.Line, problem.Field, problem.What));
        Assert.True(scenario.IsRunnable);
    }

    [Fact]
    public void Broken_json_is_named_and_its_pages_can_be_read()
    {
        using var tree = new SampleTree(("a/index.json", "{\"title\":\"T\",\n\"details\" {"), ("a/step10.md", "# Ten"), ("a/step2.md", "# Two"), ("a/intro.md", "# Hi"), ("a/finish.md", "# Bye"));
        var scenario = tree.Single();

        Assert.Equal(["Hi", "Two", "Ten", "Bye"], scenario.Tutorial.Steps.Select(step => step.Title));
        Assert.Equal(2, Assert.Single(scenario.Problems).Line);
        Assert.StartsWith("index.json is not JSON (line 2)", scenario.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"title\":\"T\",\"backend\":{\"imageid\":\"ubuntu\"}}", true)]
    [InlineData("{\"type\":\"jupyter@0.1\",\"backend\":{\"imageid\":\"ubuntu\"}}", false)]
    [InlineData("// a comment\n{\"title\":\"T\",\"details\":{\"steps\":[],},\"backend\":{\"imageid\":\"ubuntu\"}}", true)]
    public void Small_files_are_legal(string index, bool runnable)
    {
        using var tree = new SampleTree(("index.json", index));

        Assert.Equal(runnable, tree.Single().IsRunnable);
    }

    [Theory]
    [InlineData("ubuntu", "ls", BackendKind.Container, "ubuntu")]
    [InlineData("ubuntu:2004", "docker run -it alpine", BackendKind.Docker, "ubuntu")]
    [InlineData("bash1804", "docker-compose up -d", BackendKind.Docker, "ubuntu")]
    [InlineData("docker", "ls", BackendKind.Docker, "ubuntu-docker")]
    [InlineData("python:3.8", "ls", BackendKind.Container, "python:3.8")]
    [InlineData("nodejs:12", "ls", BackendKind.Container, "node:12")]
    [InlineData("golang:1.14", "ls", BackendKind.Container, "golang:1.14")]
    [InlineData("centos", "ls", BackendKind.Container, "quay.io/centos/centos:stream9")]
    [InlineData("rhel8-4", "ls", BackendKind.Rhel, "")]
    [InlineData("kubernetes-kubeadm-1node-rapid", "ls", BackendKind.Kubernetes, "")]
    [InlineData("minikube-running:1.20", "ls", BackendKind.Kubernetes, "")]
    [InlineData("openshift-4-7", "ls", BackendKind.OpenShift, "")]
    [InlineData("ubuntu", "minikube start", BackendKind.Kubernetes, "ubuntu")]
    [InlineData("nobody-knows-it", "ls", BackendKind.Unknown, "")]
    public void Image_names_of_katacoda_have_ours(string imageid, string command, BackendKind kind, string image)
    {
        using var tree = SampleTree.Katacoda($"```\n{command}\n```{{{{execute}}}}", imageid);
        var scenario = tree.Single();

        Assert.Equal((kind, image), (scenario.Tutorial.Backend.Kind, scenario.Tutorial.Backend.Image));
        Assert.Equal(kind is BackendKind.Container or BackendKind.Docker, scenario.IsRunnable);
    }

    [Theory]
    [InlineData("docker-swarm", "ls", 2)]
    [InlineData("ubuntu", "ping [[HOST2_IP]]", 2)]
    [InlineData("kubernetes-kubeadm-2nodes", "ls", 2)]
    public void Several_hosts_are_readable(string imageid, string command, int hosts)
    {
        using var tree = SampleTree.Katacoda($"```\n{command}\n```{{{{execute}}}}", imageid);
        var scenario = tree.Single();

        Assert.Equal(hosts, scenario.Tutorial.Backend.Hosts);
        Assert.False(scenario.IsRunnable);
    }

    [Theory]
    [InlineData("test -f x && echo done", PassRule.ExitCodeAndDone)]
    [InlineData("if test -f x; then echo \"done\"; else echo no; fi", PassRule.ExitCodeAndDone)]
    [InlineData("if test -f x\nthen\n  echo 'done'\n  exit 0\nfi\nexit 1", PassRule.ExitCode)]
    [InlineData("test -f x", PassRule.ExitCode)]
    [InlineData("# exit 0 and only output done\ntest -f x", PassRule.ExitCode)]
    public void A_verify_script_passes_by_the_rule_it_was_written_for(string text, PassRule rule) => Assert.Equal(rule, CheckRule.Of(new Script("v.sh", text)).Rule);

    [Fact]
    public void Done_counts_only_as_a_line_of_its_own()
    {
        var check = new Check(new Script("v.sh", ""), PassRule.ExitCodeAndDone);

        Assert.True(check.Passes(0, "ok\ndone\n"));
        Assert.False(check.Passes(0, "not done\n"));
        Assert.False(check.Passes(1, "done\n"));
    }

    [Fact]
    public void Courses_name_their_scenarios_and_what_is_missing()
    {
        using var tree = new SampleTree(
            ("k8s/structure.json", "{\"items\":[{\"path\":\"one\",\"title\":\"One\"},\n{\"path\":\"two\",\"title\":\"Two\"}]}"),
            ("k8s/one/index.json", "{\"title\":\"One\",\"backend\":{\"imageid\":\"ubuntu\"}}"),
            ("go-pathway.json", "{\"title\":\"Go\",\"courses\":[{\"title\":\"A\",\"course_id\":\"a\"},{\"title\":\"X\",\"external_link\":\"https://example.org\"}]}"),
            ("go/a/index.json", "{\"title\":\"A\",\"backend\":{\"imageid\":\"ubuntu\"}}"));
        var result = tree.Import();

        Assert.Equal(["go/a", "https://example.org"], result.Courses.Single(course => course.Title == "Go").Items.Select(item => item.Target));
        Assert.Equal(["k8s/one", "two"], result.Courses.Single(course => course.Title == "k8s").Items.Select(item => item.Target));
        Assert.Equal(("k8s/structure.json", 2), (Assert.Single(result.Problems).File, result.Problems[0].Line));
    }

    [Fact]
    public void A_language_folder_says_the_language()
    {
        using var tree = new SampleTree(("_es/one/index.json", "{\"title\":\"Uno\",\"backend\":{\"imageid\":\"ubuntu\"}}"));

        Assert.Equal("es", tree.Single().Tutorial.Language);
    }
}
