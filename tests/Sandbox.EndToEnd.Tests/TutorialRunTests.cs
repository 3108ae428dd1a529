using System.IO.Compression;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Tutorials in real sandboxes.</summary>
public sealed class TutorialRunTests(Instance instance)
{
    private static readonly Dictionary<string, string> Shells = new(StringComparer.Ordinal)
    {
        ["tutorial.yaml"] =
            $"""
            title: Scripts
            summary: {Guid.NewGuid():n}
            image: debian
            parameters:
              - name: who
                default: it's me
            steps:
              - file: 01.md
              - file: 02.md
              - file: 03.md
              - file: 04.md
            """,
        ["01.md"] = "# Begin\n",
        ["01.setup.sh"] = "echo \"$who\" > /root/setup\r\n[[ -n $BASH_VERSION ]] || exit 3\r\necho from-setup\r\n",
        ["01.verify.sh"] = "echo looking\necho 'ok 1 - there is a shell'\n[ -f /root/done ] && echo 'ok 2 - done' || { echo 'not ok 2 - done'; exit 1; }\n",
        ["01.hint.sh"] = "echo \"**$2** after \\`$3\\`, at $1\"\n",
        ["01.solve.sh"] = "touch /root/done\n",
        ["02.md"] = "# Hang\n",
        ["02.verify.sh"] = "echo begun\nsleep 1000\n",
        ["03.md"] = "# Setup of a later page\n",
        ["03.setup.sh"] = "echo once >> /root/third\n",
        ["03.start.sh"] = "echo start >> /root/started\n",
        ["03.verify.sh"] = "[ -f /root/third ]\n",
        ["04.md"] = "# End\n",
        ["04.verify.sh"] = "kill -9 -1\nsleep 5\n",
    };

    [Fact]
    public async Task Shipped_tutorial_runs_from_its_first_page_to_its_last()
    {
        await using var guest = await instance.NewGuestAsync();
        var listed = (await guest.Client.GetFromJsonNodeAsync("/api/v1/tutorials"))["tutorials"]!.AsArray();
        Assert.Contains(listed, tutorial => (string?)tutorial!["name"] == "linux-shell" && (bool)tutorial["runnable"]!);
        var (at, _, _) = await LaunchAsync(guest, "linux-shell");
        var pages = (await guest.Client.GetFromJsonNodeAsync(at))["steps"]!.AsArray().Count;
        for (var page = 1; page <= pages; page++)
        {
            var step = $"{at}/steps/{page}";
            await PostAsync(guest, $"{step}/enter");
            var early = await PostAsync(guest, $"{step}/check");
            Assert.False((bool)early["passed"]!, $"page {page} passes before anything was done");
            Assert.NotEqual("", (string)early["message"]!);
            Assert.NotEqual("", (string)(await PostAsync(guest, $"{step}/hint"))["html"]!);
            Assert.Equal(0, (int)(await PostAsync(guest, $"{step}/solve"))["exitCode"]!);
            var blocks = (await guest.Client.GetFromJsonNodeAsync(step))["blocks"]!.AsArray();
            foreach (var quiz in blocks.Where(block => (string)block!["kind"]! == "quiz"))
            {
                await AnswerAsync(guest, step, quiz!);
            }

            var check = await PostAsync(guest, $"{step}/check");
            Assert.True((bool)check["passed"]!, $"page {page}: {check["output"]}");
        }

        Assert.All((await guest.Client.GetFromJsonNodeAsync(at))["steps"]!.AsArray(), step => Assert.Equal("passed", (string?)step!["state"]));
    }

    [Fact]
    public async Task Scripts_of_a_page_run_with_bash_and_what_they_do_wrong_is_a_result()
    {
        await using var guest = await instance.NewGuestAsync();
        var address = await PublishAsync(guest, Shells);
        var (at, sandbox, _) = await LaunchAsync(guest, address);

        // The launch ran the setup of the first page, with CRLF, a quote in a value, and bash.
        Assert.Equal((0, "it's me\n"), await guest.ShellAsync(sandbox, "cat /root/setup"));
        var entered = await PostAsync(guest, $"{at}/steps/1/enter");
        Assert.Null(entered["setup"]);
        var early = await PostAsync(guest, $"{at}/steps/1/check");
        Assert.Equal("looking", (string?)early["message"]);
        Assert.Equal(1, (int?)early["exitCode"]);
        Assert.Equal([("there is a shell", true), ("done", false)], early["assertions"]!.AsArray().Select(part => ((string)part!["name"]!, (bool)part["passed"]!)));
        var hint = (string)(await PostAsync(guest, $"{at}/steps/1/hint", new { command = "ls /nothing", exitCode = 2 }))["html"]!;
        Assert.Contains("<strong>2</strong>", hint, StringComparison.Ordinal);
        Assert.Contains("ls /nothing", hint, StringComparison.Ordinal);
        Assert.Contains("touch /root/done", (string)(await guest.Client.GetFromJsonNodeAsync($"{at}/steps/1/solution"))["html"]!, StringComparison.Ordinal);
        await PostAsync(guest, $"{at}/steps/1/solve");
        Assert.True((bool)(await PostAsync(guest, $"{at}/steps/1/check"))["passed"]!);

        // Its author reads which part failed.
        var parts = (await guest.Client.GetFromJsonNodeAsync($"/api/v1/tutorials/{address}/statistics"))["pages"]![0]!["failedParts"]!.AsArray();
        Assert.Equal([("done", 1)], parts.Select(part => ((string)part!["name"]!, (int)part["count"]!)));

        // A script lies nowhere that a save would hold.
        Assert.Equal((0, ""), await guest.ShellAsync(sandbox, "find / -xdev -name 'step.*' -newer /root/setup 2>/dev/null; ls /dev/shm"));

        // It waits for no end that does not come.
        using var patient = instance.NewClient();
        patient.Timeout = TimeSpan.FromSeconds(120);
        patient.DefaultRequestHeaders.Authorization = guest.Client.DefaultRequestHeaders.Authorization;
        var hung = JsonNode.Parse(await (await patient.PostAsync($"{at}/steps/2/check", content: null)).Content.ReadAsStringAsync())!;
        Assert.True((bool)hung["timedOut"]!);
        Assert.False((bool)hung["passed"]!);
        Assert.Contains("begun", (string)hung["output"]!, StringComparison.Ordinal);
        Assert.Contains("60 seconds", (string)hung["message"]!, StringComparison.Ordinal);
        await PostAsync(guest, $"{at}/steps/2/skip");

        // The setup of a page runs when somebody comes to it, once.
        Assert.Equal(0, (int?)(await PostAsync(guest, $"{at}/steps/3/enter"))["setup"]!["exitCode"]);
        Assert.Null((await PostAsync(guest, $"{at}/steps/3/enter"))["setup"]);
        Assert.Equal((0, "once\n"), await guest.ShellAsync(sandbox, "cat /root/third"));
        Assert.True((bool)(await PostAsync(guest, $"{at}/steps/3/check"))["passed"]!);

        // A check that ends the sandbox's programs is a check that failed.
        var answer = await guest.Client.PostAsync($"{at}/steps/4/check", content: null);
        Assert.True((int)answer.StatusCode is 200 or 409, await answer.Content.ReadAsStringAsync());
        Assert.DoesNotContain("\"passed\":true", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Published_tutorial_is_tested_by_the_server_and_its_badge_says_so()
    {
        await using var guest = await instance.NewGuestAsync();
        var files = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // Its address is its content: on an instance that ran this before, it would be tested already.
            ["tutorial.yaml"] = $"title: Tested\nsummary: {Guid.NewGuid():n}\nimage: busybox\nsteps:\n  - file: 01.md\n  - file: 02.md\n",
            ["01.md"] = "# One\n\n```sh run\ncd /root\n```\n\n```sh run\ntouch here\n```\n",
            ["01.verify.sh"] = "[ -f /root/here ]\n",
            ["02.md"] = "# Two\n",
            ["02.verify.sh"] = "[ -f /root/there ]\n",
            ["02.solve.sh"] = "touch /root/there\n",
        };
        var hash = await PublishAsync(guest, files);
        Assert.Contains("not tested yet", await guest.Client.GetStringAsync($"/t/{hash}/badge.svg"), StringComparison.Ordinal);
        var passed = await PostAsync(guest, $"/api/v1/tutorials/{hash}/test");
        Assert.True((bool)passed["passed"]!, (string?)passed["failure"]);
        Assert.Contains("last passed just now", await guest.Client.GetStringAsync($"/t/{hash}/badge.svg"), StringComparison.Ordinal);

        files["02.solve.sh"] = "true\n";
        hash = await PublishAsync(guest, files);
        var failed = await PostAsync(guest, $"/api/v1/tutorials/{hash}/test");
        Assert.StartsWith("page 2 (Two): the check fails after its solution", (string?)failed["failure"], StringComparison.Ordinal);
        Assert.Contains("failed just now", await guest.Client.GetStringAsync($"/t/{hash}/badge.svg"), StringComparison.Ordinal);
        await using var other = await instance.NewGuestAsync();
        Assert.Equal(404, (int)(await other.Client.PostAsync($"/api/v1/tutorials/{hash}/test", content: null)).StatusCode);
    }

    private static async Task AnswerAsync(Guest guest, string step, JsonNode quiz)
    {
        var choices = quiz["choices"]!.AsArray().Count;
        for (var mask = 1; mask < 1 << choices; mask++)
        {
            var given = Enumerable.Range(0, choices).Where(choice => (mask & (1 << choice)) != 0).ToArray();
            if ((bool)(await PostAsync(guest, $"{step}/blocks/{quiz["index"]}/answer", new { choices = given }))["right"]!)
            {
                return;
            }
        }

        Assert.Fail("no answer is right");
    }

    private static async Task<string> PublishAsync(Guest guest, Dictionary<string, string> files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in files)
            {
                using var file = zip.CreateEntry(name).Open();
                file.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        var content = new ByteArrayContent(bytes.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        var answer = await guest.Client.PostAsync("/api/v1/tutorials", content);
        var published = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == 201, published);
        return (string)JsonNode.Parse(published)!["tutorials"]![0]!["hash"]!;
    }

    /// <summary>Where its run is, its sandbox, its playground.</summary>
    private static async Task<(string Run, string Sandbox, string Playground)> LaunchAsync(Guest guest, string tutorial)
    {
        var answer = await guest.Client.PostAsJsonAsync("/api/v1/playgrounds", new { tutorial });
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == 201, text);
        var playground = JsonNode.Parse(text)!;
        Assert.Equal("running", (string?)playground["state"]);
        return ($"/api/v1/playgrounds/{playground["id"]}/tutorial", (string)playground["sandboxes"]![0]!["id"]!, (string)playground["id"]!);
    }

    private static async Task<JsonNode> PostAsync(Guest guest, string path, object? body = null)
    {
        var answer = body is null ? await guest.Client.PostAsync(path, content: null) : await guest.Client.PostAsJsonAsync(path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == 200, $"{path}: {text}");
        return JsonNode.Parse(text)!;
    }
}
