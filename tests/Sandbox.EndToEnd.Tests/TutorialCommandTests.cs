using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>The commands for authors of tutorials, as a shell runs them.</summary>
public sealed class TutorialCommandTests(Instance instance)
{
    [Fact]
    public async Task A_new_tutorial_passes_its_own_test()
    {
        using var folder = new Folder();
        var tutorial = Path.Combine(folder.Path, "mine");
        Assert.Equal(0, (await RunAsync("tutorial-new", tutorial)).ExitCode);
        var junit = Path.Combine(folder.Path, "junit.xml");
        var (code, output, errors) = await RunAsync("tutorial-test", tutorial, "--json", "--junit", junit);

        Assert.True(code == 0, output + errors);
        var report = JsonNode.Parse(output)!;
        Assert.True((bool?)report["passed"]);
        Assert.Equal(2, report["tutorials"]![0]!["steps"]!.AsArray().Count);
        Assert.All(report["tutorials"]![0]!["steps"]!.AsArray(), step => Assert.True((bool)step!["passed"]!));
        var suite = XDocument.Load(junit).Root!;
        Assert.Equal(("2", "0"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value));
        Assert.Equal(2, suite.Descendants("testcase").Count());
    }

    [Fact]
    public async Task Checks_that_prove_nothing_and_blocks_that_fail_are_named()
    {
        using var folder = new Folder();
        var files = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["tutorial.yaml"] = "title: Bad\nimage: busybox\nsteps:\n  - file: 01.md\n  - file: 02.md\n  - file: 03.md\n  - file: 04.md\n",
            ["01.md"] = "# Proves nothing\n\n```sh run\ntrue\n```\n",
            ["01.verify.sh"] = "exit 0\n",
            ["02.md"] = "# Cannot be done\n\n```sh run\ncd /tmp; touch here\n```\n\n```sh run\n[ -f ./here ] && nonsuch-command\n```\n",
            ["02.verify.sh"] = "echo no; exit 1\n",
            ["03.md"] = "# Setup fails\n",
            ["03.setup.sh"] = "echo broken; exit 3\n",
            ["04.md"] = "# All is well\n\n```sh run\nexport A=b; cd /root\n```\n\n```sh run\necho $A > here\n```\n",
            ["04.verify.sh"] = "grep -q b /root/here\n",
        };
        foreach (var (name, text) in files)
        {
            await File.WriteAllTextAsync(Path.Combine(folder.Path, name), text, TestContext.Current.CancellationToken);
        }

        var junit = Path.Combine(folder.Path, "junit.xml");
        var (code, output, _) = await RunAsync("tutorial-test", folder.Path, "--json", "--junit", junit);

        Assert.Equal(1, code);
        var tutorial = JsonNode.Parse(output)!["tutorials"]![0]!;
        var steps = tutorial["steps"]!.AsArray();
        Assert.Equal([false, false, false, true], steps.Select(step => (bool)step!["passed"]!));
        Assert.Contains("before anything was done", steps[0]!["failures"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("line 7: the block cannot run", steps[1]!["failures"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("the check fails after its blocks: no", steps[1]!["failures"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("the setup ended with 3", steps[2]!["failures"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("broken", steps[2]!["runs"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("cannot fail", tutorial["lint"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(4, XDocument.Load(junit).Root!.Descendants("testcase").Count());
    }

    [Fact]
    public async Task Folder_without_a_tutorial_and_wrong_arguments_are_refused()
    {
        using var folder = new Folder();
        Assert.Equal(1, (await RunAsync("tutorial-test", folder.Path)).ExitCode);
        Assert.Equal(1, (await RunAsync("tutorial-test", Path.Combine(folder.Path, "nothing"))).ExitCode);
        Assert.Equal(2, (await RunAsync("tutorial-test")).ExitCode);
        Assert.Equal(2, (await RunAsync("tutorial-test", folder.Path, "--nonsense")).ExitCode);
    }

    [Fact]
    public async Task Shipped_tutorials_pass_their_own_tests()
    {
        var (code, output, errors) = await RunAsync("tutorial-test", Path.Combine(Instance.SourceDirectory(), "infra", "tutorials"));
        Assert.True(code == 0, output + errors);
    }

    [Fact]
    public async Task Served_tutorial_shows_each_save_to_whoever_runs_it_and_goes_with_the_command()
    {
        using var folder = new Folder();
        var tutorial = Path.Combine(folder.Path, "mine");
        await RunAsync("tutorial-new", tutorial);
        var start = new ProcessStartInfo(Path.Combine(Instance.SourceDirectory(), "infra", "tutorial-serve"), [tutorial]) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment["SANDBOX_URL"] = instance.Url.OriginalString;
        using var process = Process.Start(start)!;
        var said = "";
        while (!said.Contains("/t/", StringComparison.Ordinal))
        {
            said = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new InvalidOperationException($"The command ended and its last words were: {said}");
        }

        var name = said.Split("/t/")[1].Split(' ')[0];

        await using var guest = await instance.NewGuestAsync();
        var playground = JsonNode.Parse(await (await guest.Client.PostAsJsonAsync("/api/v1/playgrounds", new { tutorial = name })).Content.ReadAsStringAsync())!;
        var page = $"/api/v1/playgrounds/{playground["id"]}/tutorial/steps/1";
        Assert.DoesNotContain("Edited", (string)(await guest.Client.GetFromJsonNodeAsync(page))["html"]!, StringComparison.Ordinal);
        await File.AppendAllTextAsync(Path.Combine(tutorial, "01-say-hello.md"), "\nEdited just now.\n", TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(async () => ((string)(await guest.Client.GetFromJsonNodeAsync(page))["html"]!).Contains("Edited just now", StringComparison.Ordinal), "the change to appear");

        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(404, (int)(await guest.Client.GetAsync($"/api/v1/tutorials/{name}")).StatusCode);
    }

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Instance.SourceDirectory(), "infra", command), arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["SANDBOX_URL"] = instance.Url.OriginalString;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await errors);
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("sandbox-tutorial-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
