using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

public sealed class RestTests(Instance instance)
{
    [Fact]
    public async Task A_recipe_brings_its_files_variables_user_and_commands()
    {
        await using var guest = await instance.NewGuestAsync();
        var sandbox = await guest.LaunchAsync(new
        {
            name = "lab",
            image = "debian",
            env = new Dictionary<string, string> { ["GREETING"] = "good day" },
            workdir = "/srv/lab",
            files = new object[]
            {
                new { path = "/srv/lab/hello.sh", text = "#!/bin/sh\necho \"$GREETING from $(hostname)\"\n", mode = "755" },
                new { path = "/srv/lab/raw", base64 = Convert.ToBase64String([0, 255, 10, 13]) },
            },
            setup = new[] { new[] { "sh", "-c", "./hello.sh > said" } },
        });

        Assert.Equal((0, "good day from lab\n"), await guest.ShellAsync(sandbox, "cat said"));
        Assert.Equal((0, "/srv/lab\n755\n"), await guest.ShellAsync(sandbox, "pwd; stat -c %a hello.sh"));
        Assert.Equal([0, 255, 10, 13], await guest.Client.GetByteArrayAsync($"/api/v1/sandboxes/{sandbox}/files/srv/lab/raw"));
    }

    [Fact]
    public async Task A_failing_setup_command_is_reported_and_leaves_nothing()
    {
        await using var guest = await instance.NewGuestAsync();
        var answer = await guest.Client.PostAsJsonAsync(
            "/api/v1/playgrounds",
            new { recipe = new { nodes = new[] { new { image = "busybox", setup = new[] { new[] { "sh", "-c", "echo no such luck >&2; exit 3" } } } } } });

        var problem = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.Equal("setup_failed", (string)problem["code"]!);
        Assert.Contains("no such luck", (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Empty((await guest.Client.GetFromJsonNodeAsync("/api/v1/playgrounds")).AsArray());
    }

    [Fact]
    public async Task A_file_is_replaced_only_if_it_is_the_version_that_was_read()
    {
        await using var guest = await instance.NewGuestAsync();
        var url = $"/api/v1/sandboxes/{await guest.LaunchAsync(new { image = "busybox" })}/files/root/note";

        Assert.Equal(204, await SendAsync(HttpMethod.Put, "If-None-Match", "*", "first"));
        Assert.Equal(412, await SendAsync(HttpMethod.Put, "If-None-Match", "*", "twice"));
        var version = (await guest.Client.GetAsync(url)).Headers.ETag!.ToString();
        Assert.Equal(304, await SendAsync(HttpMethod.Get, "If-None-Match", version));

        Assert.Equal(204, await SendAsync(HttpMethod.Put, "If-Match", version, "second"));
        Assert.Equal(412, await SendAsync(HttpMethod.Put, "If-Match", version, "third"));
        Assert.Equal("second", await guest.Client.GetStringAsync(url));
        await guest.Client.DeleteAsync(url);
        Assert.Equal(412, await SendAsync(HttpMethod.Put, "If-Match", "*", "fourth"));

        async Task<int> SendAsync(HttpMethod method, string header, string value, string? text = null)
        {
            using var request = new HttpRequestMessage(method, url) { Content = text is null ? null : new StringContent(text) };
            request.Headers.TryAddWithoutValidation(header, value);
            return (int)(await guest.Client.SendAsync(request)).StatusCode;
        }
    }

    [Fact]
    public async Task A_command_gets_its_input_and_gives_its_outputs_and_exit_code()
    {
        await using var guest = await instance.NewGuestAsync();
        var sandbox = await guest.LaunchAsync(new { image = "busybox" });
        var path = $"/api/v1/sandboxes/{sandbox}/exec";

        var answer = await guest.Client.PostAsJsonAsync(path, new { command = new[] { "sh", "-c", "tr a-z A-Z; echo oops >&2; exit 7" }, stdin = "hello" });
        var result = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.Equal((7, "HELLO", "oops\n", false), ((int)result["exitCode"]!, (string)result["stdout"]!, (string)result["stderr"]!, (bool)result["truncated"]!));
        Assert.True((double)result["durationMs"]! > 0);

        var missing = await guest.Client.PostAsJsonAsync(path, new { command = new[] { "no-such-command" } });
        Assert.Equal("command_not_found", (string)(await missing.Content.ReadFromJsonAsync<JsonNode>())!["code"]!);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, missing.StatusCode);

        var late = await guest.Client.PostAsJsonAsync(path, new { command = new[] { "sleep", "60" }, timeoutSeconds = 1 });
        Assert.Equal("timeout", (string)(await late.Content.ReadFromJsonAsync<JsonNode>())!["code"]!);
    }

    [Fact]
    public async Task Files_are_written_listed_read_and_deleted()
    {
        await using var guest = await instance.NewGuestAsync();
        var sandbox = await guest.LaunchAsync(new { image = "debian" });
        var files = $"/api/v1/sandboxes/{sandbox}/files";
        var bytes = RandomNumberGenerator.GetBytes(3_000_000);

        Assert.Equal(HttpStatusCode.NoContent, (await guest.Client.PutAsync($"{files}/srv/a%20b/%C3%A4.bin?mode=0640", new ByteArrayContent(bytes))).StatusCode);
        Assert.Equal(bytes, await guest.Client.GetByteArrayAsync($"{files}/srv/a%20b/%C3%A4.bin"));
        var (_, seen) = await guest.ShellAsync(sandbox, "stat -c '%a %s %U' '/srv/a b/ä.bin'; sha256sum < '/srv/a b/ä.bin'");
        Assert.Equal($"640 3000000 root\n{Convert.ToHexStringLower(SHA256.HashData(bytes))}  -\n", seen);

        var entry = Assert.Single((await guest.Client.GetFromJsonNodeAsync($"{files}/srv/a%20b")).AsArray())!;
        Assert.Equal(("ä.bin", 3_000_000, "0640", "file"), ((string)entry["name"]!, (int)entry["size"]!, (string)entry["mode"]!, (string)entry["type"]!));

        var tar = await guest.Client.GetAsync($"{files}/srv?archive=tar");
        Assert.Equal("application/x-tar", tar.Content.Headers.ContentType!.MediaType);
        await using (var reader = new System.Formats.Tar.TarReader(await tar.Content.ReadAsStreamAsync()))
        {
            var names = new List<string>();
            while (await reader.GetNextEntryAsync() is { } each)
            {
                names.Add(each.Name);
            }

            Assert.Contains(names, name => name.EndsWith("a b/ä.bin", StringComparison.Ordinal));
        }

        Assert.Equal(HttpStatusCode.NoContent, (await guest.Client.DeleteAsync($"{files}/srv/a%20b")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await guest.Client.GetAsync($"{files}/srv/a%20b")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await guest.Client.GetAsync($"{files}/srv/..%2f..%2fetc/passwd")).StatusCode);
    }

    [Fact]
    public async Task Two_sandboxes_of_one_image_never_see_each_others_files_or_processes()
    {
        await using var one = await instance.NewGuestAsync();
        await using var other = await instance.NewGuestAsync();
        var first = await one.LaunchAsync(new { image = "busybox" });
        var second = await other.LaunchAsync(new { image = "busybox" });

        await one.ShellAsync(first, "echo secret > /secret; rm -f /bin/vi; (exec sleep 4242) > /dev/null 2>&1 &");

        Assert.Equal(0, (await other.ShellAsync(second, "test ! -e /secret && test -e /bin/vi && ! ps | grep -q '[4]242'")).ExitCode);
        Assert.Equal(0, (await one.ShellAsync(first, "test -e /secret")).ExitCode);
    }

    [Fact]
    public async Task Ten_launches_at_one_instant_admit_exactly_what_the_plan_grants()
    {
        await using var guest = await instance.NewGuestAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => guest.Client.PostAsJsonAsync("/api/v1/playgrounds", new { image = "busybox" })));

        Assert.Equal(3, answers.Count(answer => answer.StatusCode == HttpStatusCode.Created));
        var refused = answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests).ToList();
        Assert.Equal(7, refused.Count);
        foreach (var answer in refused)
        {
            Assert.Equal("quota", (string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["code"]!);
        }

        var held = (await guest.Client.GetFromJsonNodeAsync("/api/v1/playgrounds")).AsArray();
        Assert.Equal(3, held.Count);
        var left = new Uri((string)held[0]!["urls"]!["api"]!, UriKind.Relative);
        Assert.Equal(HttpStatusCode.NoContent, (await guest.Client.DeleteAsync(left)).StatusCode);
        var ended = (await guest.Client.GetFromJsonNodeAsync(left.OriginalString))["lease"]!;
        Assert.Equal(("ended", "removed", "You ended it."), ((string)ended["state"]!, (string)ended["reason"]!, (string)ended["message"]!));
        await guest.LaunchAsync(new { image = "busybox" });
    }

    [Fact]
    public async Task A_repeated_launch_with_one_key_is_one_launch()
    {
        await using var guest = await instance.NewGuestAsync();
        guest.Client.DefaultRequestHeaders.Add("Idempotency-Key", "once");

        var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => guest.Client.PostAsync(
            "/api/v1/playgrounds", new StringContent("""{"image":"busybox"}""", Encoding.UTF8, "application/json"))));

        var ids = new HashSet<string>();
        foreach (var answer in answers)
        {
            Assert.True(answer.IsSuccessStatusCode);
            ids.Add((string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["id"]!);
        }

        Assert.Single(ids);
    }
}
