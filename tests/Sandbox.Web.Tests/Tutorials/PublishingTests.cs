using System.Text;
using Sandbox.Web.Tutorials;
using Xunit;

namespace Sandbox.Web.Tests.Tutorials;

public sealed class PublishingTests
{
    [Fact]
    public async Task Equal_files_are_one_tutorial_and_a_name_leads_from_version_to_version()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        using var other = web.NewClient();

        var made = await author.PublishAsync(Zip.Small, "?name=small-one");
        Assert.Equal(201, made.Status);
        Assert.Empty(made.Json!["problems"]!.AsArray());
        var first = made.Json["tutorials"]![0]!;
        Assert.True((bool?)first["runnable"], (string?)first["reason"]);
        Assert.Equal("/t/small-one", (string?)first["url"]);
        var hash = (string)first["hash"]!;
        Assert.Equal(hash, (string?)(await other.PublishAsync(Zip.Small.Reverse().ToDictionary(StringComparer.Ordinal))).Json!["tutorials"]![0]!["hash"]);

        // Somebody else neither takes nor moves the name.
        Assert.Equal("conflict", (await other.PublishAsync(Zip.Small, "?name=small-one")).Code);
        var changed = Zip.Small;
        changed["02.md"] = "# Second\n\nDo it better.\n";
        var second = (string)(await author.PublishAsync(changed, "?name=small-one")).Json!["tutorials"]![0]!["hash"]!;
        Assert.NotEqual(hash, second);

        var now = (await other.GetAsync("/api/v1/tutorials/small-one")).Json!;
        Assert.Equal(second, (string?)now["hash"]);
        Assert.Equal([second, hash], now["versions"]!.AsArray().Select(version => (string)version!["hash"]!));
        Assert.Equal(["First, in $$color$$", "Second"], now["steps"]!.AsArray().Select(step => (string)step!["title"]!));
        Assert.Equal("color", (string?)now["parameters"]![0]!["name"]);
        Assert.Equal("busybox", (string?)now["needs"]);
        Assert.Equal(hash, (string?)(await other.GetAsync($"/api/v1/tutorials/small-one@{hash}")).Json!["hash"]);
        Assert.Equal(404, (await other.GetAsync($"/api/v1/tutorials/small-one@{new string('0', 64)}")).Status);

        // The list has the newest version only, and nobody else's unlisted ones.
        Assert.Equal([second], (await author.GetAsync("/api/v1/tutorials")).Json!["tutorials"]!.AsArray().Select(tutorial => (string)tutorial!["hash"]!));
        using var stranger = web.NewClient();
        Assert.Empty((await stranger.GetAsync("/api/v1/tutorials")).Json!["tutorials"]!.AsArray());
        Assert.Equal(403, (await stranger.PublishAsync(Zip.Small, "?access=public")).Status);
    }

    [Fact]
    public async Task A_tutorial_goes_with_its_last_owner_and_its_run_goes_on()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var hash = (string)(await author.PublishAsync(Zip.Small, "?name=small-one")).Json!["tutorials"]![0]!["hash"]!;
        var (playground, _) = await author.LaunchAsync(new { tutorial = "small-one" });

        Assert.Equal(204, (await author.DeleteAsync($"/api/v1/tutorials/{hash}")).Status);
        Assert.Equal(404, (await author.DeleteAsync($"/api/v1/tutorials/{hash}")).Status);
        Assert.Contains("small-one", (string?)(await author.GetAsync("/api/v1/tutorials/small-one")).Json!["detail"], StringComparison.Ordinal);
        Assert.Contains("First, in red", (string?)(await author.GetAsync($"/api/v1/playgrounds/{playground}/tutorial/steps/1")).Json!["html"], StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(Path.Combine(web.Home, "data", "tutorials")));
    }

    [Fact]
    public async Task Zip_that_leaves_its_folder_is_refused_and_leaves_nothing()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var files = Zip.Small;
        files["../../etc/cron.d/evil"] = "x";
        foreach (var bad in new[] { Zip.Of(files), "no zip"u8.ToArray(), [], Zip.Of(new() { ["readme.txt"] = "x" }) })
        {
            var answer = await author.PublishAsync(bad);
            Assert.Equal((400, "invalid"), (answer.Status, answer.Code));
        }

        Assert.Equal(413, (await author.PublishAsync(new byte[21 * 1024 * 1024])).Status);
        Assert.Equal(415, (await author.PostAsync("/api/v1/tutorials", new { })).Status);
        Assert.Equal(400, (await author.PublishAsync(Zip.Small, "?name=Not_a_Name")).Status);
        Assert.Equal(400, (await author.PublishAsync(Zip.Small, "?name=resume")).Status);
        Assert.Equal(400, (await author.PublishAsync(Zip.Small, "?access=everybody")).Status);
        Assert.Empty((await author.GetAsync("/api/v1/tutorials")).Json!["tutorials"]!.AsArray());
        Assert.False(Directory.Exists(Path.Combine(web.Home, "data", "tutorials")) && Directory.EnumerateFiles(Path.Combine(web.Home, "data", "tutorials")).Any());
    }

    [Fact]
    public async Task Mistakes_are_named_by_file_and_line_and_the_tutorial_can_be_read()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var files = Zip.Small;
        files["tutorial.yaml"] = "title: Broken\nimage: busybox\nsteps:\n  - file: 01.md\n  - file: gone.md\n";
        files["01.md"] = "---\ntitle: [unclosed\n---\n# First\n\n" + string.Concat(Enumerable.Repeat("word ", 1024 * 1024));

        var answer = await author.PublishAsync(files);
        Assert.Equal(201, answer.Status);
        var tutorial = answer.Json!["tutorials"]![0]!;
        Assert.False((bool?)tutorial["runnable"]);
        Assert.Contains("gone.md", (string?)tutorial["reason"] + answer.Text, StringComparison.Ordinal);
        Assert.Contains(answer.Json["problems"]!.AsArray(), problem => (string?)problem!["file"] == "01.md" && ((string)problem["what"]!).Contains("KiB", StringComparison.Ordinal));
        Assert.Contains(answer.Json["problems"]!.AsArray(), problem => (string?)problem!["file"] == "tutorial.yaml" && (int?)problem["line"] == 5);
        Assert.Equal(200, (await author.GetAsync($"/api/v1/tutorials/{(string)tutorial["hash"]!}")).Status);
        var refused = await author.PostAsync("/api/v1/playgrounds", new { tutorial = (string)tutorial["hash"]! });
        Assert.Equal((409, "conflict"), (refused.Status, refused.Code));

        // The YAML itself is broken.
        files["tutorial.yaml"] = "title: [a\n: b";
        answer = await author.PublishAsync(files);
        Assert.Equal(201, answer.Status);
        Assert.Contains(answer.Json!["problems"]!.AsArray(), problem => (string?)problem!["kind"] == "mistake" && (int?)problem["line"] >= 1);
        Assert.False((bool?)answer.Json["tutorials"]![0]!["runnable"]);
    }

    [Fact]
    public async Task Image_of_another_server_is_found_here_or_its_absence_is_named()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["debian", "node"]);
        using var author = web.NewClient();
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (folder, image) in new[] { ("a", "ubuntu"), ("b", "nodejs:12"), ("c", "kubernetes-kubeadm-1node"), ("d", "rust:1.44.1") })
        {
            files[$"{folder}/index.json"] = $$$"""{"title":"{{{folder}}}","details":{"steps":[{"title":"One","text":"one.md"}]},"backend":{"imageid":"{{{image}}}"}}""";
            files[$"{folder}/one.md"] = "# One\n\n`ls`{{exec}}\n";
        }

        var tutorials = (await author.PublishAsync(files)).Json!["tutorials"]!.AsArray();
        Assert.Equal([true, true, false, false], tutorials.Select(tutorial => (bool)tutorial!["runnable"]!));
        Assert.Contains("Kubernetes", (string?)tutorials[2]!["reason"], StringComparison.Ordinal);
        Assert.Contains("rust:1.44.1", (string?)tutorials[3]!["reason"], StringComparison.Ordinal);
        var launched = await author.PostAsync("/api/v1/playgrounds", new { tutorial = (string)tutorials[0]!["hash"]! });
        Assert.Equal(201, launched.Status);
        Assert.Equal("debian", (string?)launched.Json!["image"]);
        Assert.Equal(400, (await author.PublishAsync(files, "?name=several")).Status);
    }

    [Fact]
    public async Task Pictures_are_served_and_nothing_else_of_a_source()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var hash = (string)(await author.PublishAsync(Zip.Small)).Json!["tutorials"]![0]!["hash"]!;

        var picture = await author.GetAsync($"/t/{hash}/files/picture.svg");
        Assert.Equal((200, "image/svg+xml"), (picture.Status, picture.Header("Content-Type")));
        Assert.Equal("nosniff", picture.Header("X-Content-Type-Options"));
        Assert.Contains("sandbox", picture.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Contains("<rect", picture.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("alert", picture.Text, StringComparison.Ordinal);
        foreach (var hidden in new[] { "02.verify.sh", "data/hello.txt", "gone.png", "..%2f..%2fsandbox.db", "tutorial.yaml" })
        {
            Assert.Equal(404, (await author.GetAsync($"/t/{hash}/files/{hidden}")).Status);
        }
    }

    [Theory]
    [InlineData("""<svg xmlns="http://www.w3.org/2000/svg"><a href="javascript:alert(1)"><rect/></a></svg>""")]
    [InlineData("""<svg xmlns="http://www.w3.org/2000/svg"><rect fill="url(http://elsewhere/alert)"/><style>@import 'alert'</style></svg>""")]
    [InlineData("""<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"><use x:href="http://elsewhere/alert"/><foreignObject><b>alert</b></foreignObject></svg>""")]
    [InlineData("""<!DOCTYPE svg [<!ENTITY a "alert">]><svg xmlns="http://www.w3.org/2000/svg"><set attributeName="onclick" to="alert"/></svg>""")]
    public void Svg_keeps_drawing_only(string svg) =>
        Assert.DoesNotContain("alert", Encoding.UTF8.GetString(TutorialPictures.Clean(Encoding.UTF8.GetBytes(svg)) ?? []), StringComparison.Ordinal);

    [Fact]
    public async Task Tutorials_are_in_their_owners_storage()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var before = (long?)(await author.GetAsync("/api/v1/links")).Json!["usedBytes"] ?? 0;
        await author.PublishAsync(Zip.Small);
        var listed = (await author.GetAsync("/api/v1/links")).Json!;
        Assert.True((long?)listed["usedBytes"] > before, listed.ToJsonString());
    }

    [Fact]
    public async Task Shipped_tutorials_are_published_at_the_start_and_follow_their_folders()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var visitor = web.NewClient();
        var folder = Directory.CreateDirectory(Path.Combine(web.Home, "tutorials", "first-steps"));
        Directory.CreateDirectory(Path.Combine(folder.FullName, "data"));
        foreach (var (name, text) in Zip.Small)
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, name), text, TestContext.Current.CancellationToken);
        }

        await web.StopAsync();
        await web.StartAgainAsync();
        using var again = web.NewClient();
        await WebUnderTest.Until(async () => (await again.GetAsync("/api/v1/tutorials/first-steps")).Status == 200);
        Assert.Equal(["first-steps"], (await again.GetAsync("/api/v1/tutorials")).Json!["tutorials"]!.AsArray().Select(tutorial => (string)tutorial!["name"]!));
        Assert.Equal(404, (await again.DeleteAsync("/api/v1/tutorials/first-steps")).Status);

        folder.Delete(recursive: true);
        await web.StopAsync();
        await web.StartAgainAsync();
        using var later = web.NewClient();
        await WebUnderTest.Until(async () => (await later.GetAsync("/api/v1/tutorials")).Json!["tutorials"]!.AsArray().Count == 0);
    }
}
