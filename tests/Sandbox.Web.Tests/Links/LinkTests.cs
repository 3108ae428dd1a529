using Xunit;

namespace Sandbox.Web.Tests.Links;

public sealed class LinkTests
{
    private static readonly object Greeter = new
    {
        nodes = new[]
        {
            new { name = "box", image = "busybox", env = new Dictionary<string, string> { ["GREETING"] = "hello" }, files = new[] { new { path = "/root/hi", text = "hi\n" } } },
        },
    };

    [Fact]
    public async Task A_recipe_becomes_a_link_that_anybody_starts()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();

        var made = await author.PostAsync("/api/v1/links", new { recipe = Greeter, name = "greeter" });

        Assert.Equal(201, made.Status);
        var hash = (string)made.Json!["hash"]!;
        Assert.Equal(64, hash.Length);
        Assert.EndsWith($"/x/{hash}", (string?)made.Json["url"], StringComparison.Ordinal);
        Assert.StartsWith("sha256:", (string?)made.Json["lock"]!["nodes"]![0]!["image"], StringComparison.Ordinal);
        Assert.True((bool?)made.Json["comparison"]!["identical"]);
        Assert.True((bool?)made.Json["needsConsent"]);
        Assert.Equal("greeter", (string?)made.Json["own"]!["aliases"]![0]!["name"]);

        using var visitor = web.NewClient();
        foreach (var address in new[] { hash, "greeter", $"greeter@{hash}" })
        {
            Assert.Equal(hash, (string?)(await visitor.GetAsync($"/api/v1/links/{address}")).Json!["hash"]);
        }

        Assert.Null((await visitor.GetAsync("/api/v1/links/greeter")).Json!["own"]);
        var (playground, sandbox) = await visitor.LaunchAsync(new { link = "greeter" });
        Assert.Equal("hi\n", (await visitor.GetAsync($"/api/v1/sandboxes/{sandbox}/files/root/hi")).Text);
        Assert.Equal("busybox", (string?)(await visitor.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["image"]);
        Assert.Equal(1, (int?)(await author.GetAsync($"/api/v1/links/{hash}")).Json!["own"]!["statistics"]!["running"]);

        await visitor.DeleteAsync($"/api/v1/playgrounds/{playground}");
        Assert.Equal(1, (int?)(await author.GetAsync($"/api/v1/links/{hash}")).Json!["own"]!["statistics"]!["ends"]!["removed"]);
    }

    [Fact]
    public async Task Equal_recipes_of_two_people_are_one_lock_and_two_links()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var first = web.NewClient();
        using var second = web.NewClient();
        using var visitor = web.NewClient();

        var hash = (string)(await first.PostAsync("/api/v1/links", new { recipe = Greeter })).Json!["hash"]!;
        Assert.Equal(hash, (string?)(await second.PostAsync("/api/v1/links", new { recipe = Greeter, access = "private" })).Json!["hash"]);

        Assert.Equal(200, (await first.DeleteAsync($"/api/v1/links/{hash}")).Status);
        Assert.Equal("link_not_found", (await visitor.GetAsync($"/api/v1/links/{hash}")).Code);
        Assert.Equal(200, (await second.GetAsync($"/api/v1/links/{hash}")).Status);
        Assert.Equal(404, (await first.DeleteAsync($"/api/v1/links/{hash}")).Status);
    }

    [Fact]
    public async Task An_alias_moves_and_its_old_addresses_go_on_meaning_the_same()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        using var other = web.NewClient();
        var first = (string)(await author.PostAsync("/api/v1/links", new { recipe = Greeter, name = "course" })).Json!["hash"]!;
        var second = (string)(await author.PostAsync("/api/v1/links", new { recipe = new { nodes = new[] { new { image = "busybox" } } }, name = "course" })).Json!["hash"]!;

        Assert.Equal(second, (string?)(await other.GetAsync("/api/v1/links/course")).Json!["hash"]);
        Assert.Equal(first, (string?)(await other.GetAsync($"/api/v1/links/course@{first}")).Json!["hash"]);
        Assert.Equal([second, first], (await other.GetAsync("/api/v1/aliases/course")).Json!["history"]!.AsArray().Select(move => (string)move!["hash"]!));
        Assert.Equal(404, (await other.GetAsync($"/api/v1/links/course@{new string('0', 64)}")).Status);

        // Somebody else neither takes nor moves it.
        Assert.Equal(409, (await other.PostAsync("/api/v1/links", new { recipe = Greeter, name = "course" })).Status);
        Assert.Equal(404, (await other.DeleteAsync("/api/v1/aliases/course")).Status);

        // A name of a link that is gone says so.
        await author.DeleteAsync($"/api/v1/links/{second}");
        var gone = await other.GetAsync("/api/v1/links/course");
        Assert.Equal("link_not_found", gone.Code);
        Assert.Contains("course", (string?)gone.Json!["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_state_of_a_playground_becomes_a_link_and_a_second_one_starts_from_it()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var (playground, sandbox) = await author.LaunchAsync();
        await author.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/work.txt", "my work"u8.ToArray());
        await author.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/.env", "PASSWORD=hunter2hunter2"u8.ToArray());

        var changes = (await author.GetAsync($"/api/v1/playgrounds/{playground}/changes")).Json!.AsArray();
        Assert.Contains(changes[0]!["changes"]!.AsArray(), change => (string?)change!["path"] == "/root/work.txt" && (string?)change["kind"] == "added");
        Assert.Contains(changes[0]!["secrets"]!.AsArray(), secret => (string?)secret!["path"] == "/root/.env");

        var shared = await author.PostAsync($"/api/v1/playgrounds/{playground}/links", new { title = "My work", excludePaths = new[] { "/root/.env" } });
        Assert.Equal(201, shared.Status);
        var hash = (string)shared.Json!["hash"]!;
        Assert.False((bool?)shared.Json["needsConsent"]);
        Assert.True((long?)shared.Json["own"]!["bytes"] > 0);
        Assert.Equal("busybox", (string?)shared.Json["images"]![0]!["name"]);

        using var visitor = web.NewClient();
        var (_, copy) = await visitor.LaunchAsync(new { link = hash });
        Assert.StartsWith("sha256:", (string?)(await visitor.GetAsync($"/api/v1/links/{hash}")).Json!["lock"]!["nodes"]![0]!["image"], StringComparison.Ordinal);
        Assert.NotEqual(sandbox, copy);

        var fork = await author.PostAsync($"/api/v1/playgrounds/{playground}/fork");
        Assert.Equal(201, fork.Status);
        Assert.Equal("running", (string?)fork.Json!["state"]);
    }

    [Fact]
    public async Task What_a_link_holds_outlives_the_catalog_and_goes_with_the_link()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox", "debian"]);
        using var author = web.NewClient();
        using var admin = await web.NewOperatorAsync();
        var (playground, sandbox) = await author.LaunchAsync();
        await author.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/work.txt", "my work"u8.ToArray());
        var saved = (await author.PostAsync($"/api/v1/playgrounds/{playground}/links", new { access = "private" })).Json!;
        var digest = (string)saved["lock"]!["nodes"]![0]!["image"]!;
        await author.DeleteAsync($"/api/v1/playgrounds/{playground}");

        Assert.Equal(204, (await admin.DeleteAsync("/api/v1/admin/images/debian")).Status);
        Assert.Contains(digest, await StoredAsync(web));
        Assert.Equal(204, (await admin.DeleteAsync("/api/v1/admin/images/busybox")).Status);
        Assert.Equal([digest], await StoredAsync(web));
        await author.LaunchAsync(new { link = (string)saved["hash"]! });

        var deleted = await author.DeleteAsync($"/api/v1/links/{(string)saved["hash"]!}");
        Assert.True((long?)deleted.Json!["freedBytes"] > 0);
        Assert.Equal([digest], await StoredAsync(web));
        await author.DeleteAsync($"/api/v1/playgrounds/{(string)(await author.GetAsync("/api/v1/playgrounds")).Json![0]!["id"]!}");
        await Collect(web);
        Assert.Empty(await StoredAsync(web));
    }

    [Fact]
    public async Task A_link_keeps_its_budget_and_queues_those_who_come_too_many()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe = Greeter, budget = new { atOnce = 1, perDay = 3 } })).Json!["hash"]!;
        using var first = web.NewClient();
        using var second = web.NewClient();
        using var third = web.NewClient();

        var (running, _) = await first.LaunchAsync(new { link = hash });
        var waiting = await second.PostAsync("/api/v1/playgrounds", new { link = hash });
        Assert.Equal(202, waiting.Status);
        Assert.Equal("queued", (string?)waiting.Json!["state"]);
        var later = await third.PostAsync("/api/v1/playgrounds", new { link = hash });
        Assert.StartsWith("1 visitor is before you", (string?)(await third.GetAsync((string)later.Json!["urls"]!["api"]!)).Json!["progress"], StringComparison.Ordinal);
        var refused = await first.PostAsync("/api/v1/playgrounds", new { link = hash });
        Assert.Equal((429, "quota"), (refused.Status, refused.Code));

        await first.DeleteAsync($"/api/v1/playgrounds/{running}");
        await WebUnderTest.Until(async () => (string?)(await second.GetAsync((string)waiting.Json["urls"]!["api"]!)).Json!["state"] == "running");
        Assert.Equal("queued", (string?)(await third.GetAsync((string)later.Json["urls"]!["api"]!)).Json!["state"]);

        // Its owner is bounded by their plan alone.
        Assert.Equal(201, (await author.PostAsync("/api/v1/playgrounds", new { link = hash })).Status);
    }

    [Fact]
    public async Task A_link_asks_for_its_password_and_closes_in_time()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe = Greeter, budget = new { password = "sesame", expiresAt = DateTimeOffset.UtcNow.AddHours(1) } })).Json!["hash"]!;
        using var visitor = web.NewClient();

        Assert.Equal("link_password", (await visitor.PostAsync("/api/v1/playgrounds", new { link = hash })).Code);
        Assert.Equal("link_password", (await visitor.PostAsync("/api/v1/playgrounds", new { link = hash, password = "guess" })).Code);
        Assert.Equal(201, (await visitor.PostAsync("/api/v1/playgrounds", new { link = hash, password = "sesame" })).Status);
        Assert.DoesNotContain("sesame", (await visitor.GetAsync($"/api/v1/links/{hash}")).Text, StringComparison.Ordinal);

        web.Time.Shift = TimeSpan.FromHours(2);
        var closed = await visitor.PostAsync("/api/v1/playgrounds", new { link = hash, password = "sesame" });
        Assert.Equal((403, "link_closed"), (closed.Status, closed.Code));
    }

    [Fact]
    public async Task Commands_are_searched_for_secrets_and_stand_on_the_page_of_the_name()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var (playground, _) = await author.LaunchAsync();
        var found = (await author.PostAsync("/api/v1/secrets", new { lines = new[] { "ls", "export TOKEN=ghp_0123456789abcdefghijklmnopqrstuvwxyz", "cat a" } })).Json!.AsArray();
        Assert.Equal(1, (int)Assert.Single(found)!["index"]!);

        Assert.Equal(400, (await author.PostAsync($"/api/v1/playgrounds/{playground}/links", new { text = "ls" })).Status);
        Assert.Equal(201, (await author.PostAsync($"/api/v1/playgrounds/{playground}/links", new { name = "with-commands", text = "```sh\nls -l <b>\n```" })).Status);
        var page = (await author.GetAsync("/x/with-commands")).Text;
        Assert.Contains("ls -l &lt;b&gt;", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parameters_become_variables_and_secrets_are_never_kept()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var recipe = new
        {
            nodes = new[] { new { image = "busybox" } },
            parameters = new object[]
            {
                new { name = "PORT", type = "number", @default = "8080" },
                new { name = "TOKEN", type = "text", secret = true, required = true },
            },
        };
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe })).Json!["hash"]!;
        using var visitor = web.NewClient();

        var missing = await visitor.PostAsync("/api/v1/playgrounds", new { link = hash });
        Assert.Equal("invalid", missing.Code);
        Assert.Contains("TOKEN", (string?)missing.Json!["detail"], StringComparison.Ordinal);
        var (playground, sandbox) = await visitor.LaunchAsync(new { link = hash, parameters = new { TOKEN = "'; rm -rf / #" } });
        Assert.Equal("'; rm -rf / #\n", (string?)(await visitor.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "printenv", "TOKEN" } })).Json!["stdout"]);
        Assert.Equal("8080\n", (string?)(await visitor.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "printenv", "PORT" } })).Json!["stdout"]);

        await visitor.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/work", "x"u8.ToArray());
        var saved = await visitor.PostAsync($"/api/v1/playgrounds/{playground}/links");
        Assert.Equal("TOKEN", (string?)Assert.Single(saved.Json!["lock"]!["parameters"]!.AsArray())!["name"]);
        Assert.DoesNotContain("rm -rf", saved.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_end_of_a_lease_saves_what_was_done_and_a_link_continues_it()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var visitor = web.NewClient();
        var (playground, sandbox) = await visitor.LaunchAsync();
        await visitor.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/work.txt", "my work"u8.ToArray());
        var (untouched, _) = await visitor.LaunchAsync();

        web.Time.Shift = TimeSpan.FromHours(2);

        await WebUnderTest.Until(async () => (await visitor.GetAsync("/api/v1/playgrounds")).Json!.AsArray().All(row => (string?)row!["state"] == "ended"));
        Assert.Null((await visitor.GetAsync($"/api/v1/playgrounds/{untouched}")).Json!["saved"]);
        var hash = (string)(await visitor.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["saved"]!;
        var (again, second) = await visitor.LaunchAsync(new { link = hash });
        await visitor.PutBytesAsync($"/api/v1/sandboxes/{second}/files/root/more.txt", "more"u8.ToArray());

        // One save for each line of work.
        Assert.Equal(204, (await visitor.DeleteAsync($"/api/v1/playgrounds/{again}?save=1")).Status);
        var links = (await visitor.GetAsync("/api/v1/links")).Json!["links"]!.AsArray();
        Assert.Equal((string?)(await visitor.GetAsync($"/api/v1/playgrounds/{again}")).Json!["saved"], (string?)Assert.Single(links)!["hash"]);
        Assert.Equal("private", (string?)links[0]!["own"]!["access"]);
    }

    [Fact]
    public async Task Storage_bounds_what_a_person_keeps_and_saves_that_nobody_asked_for_go_first()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var admin = await web.NewOperatorAsync();
        var guest = (await admin.GetAsync("/api/v1/admin/plans")).Json!.AsArray().Single(plan => (string?)plan!["name"] == "guest")!.AsObject();
        guest["storageBytes"] = 60_000;
        await admin.PutAsync("/api/v1/admin/plans/guest", guest);
        using var visitor = web.NewClient();

        var (playground, sandbox) = await visitor.LaunchAsync();
        await visitor.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/work", new byte[40_000]);
        await visitor.PostAsync($"/api/v1/playgrounds/{playground}/fork");
        await visitor.DeleteAsync($"/api/v1/playgrounds/{playground}");
        (playground, sandbox) = await visitor.LaunchAsync();
        await visitor.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/other", new byte[41_000]);
        Assert.Equal(201, (await visitor.PostAsync($"/api/v1/playgrounds/{playground}/links")).Status);
        Assert.Single((await visitor.GetAsync("/api/v1/links")).Json!["links"]!.AsArray());

        await visitor.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/third", new byte[42_000]);
        var refused = await visitor.PostAsync($"/api/v1/playgrounds/{playground}/links");
        Assert.Equal((429, "quota"), (refused.Status, refused.Code));
        Assert.Single((await visitor.GetAsync("/api/v1/links")).Json!["links"]!.AsArray());
        Assert.Equal("running", (string?)(await visitor.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["state"]);
    }

    [Theory]
    [InlineData("""{"recipe":{"nodes":[]}}""", "nodes")]
    [InlineData("""{"recipe":{"nodes":[{"image":"nope"}]}}""", "nope")]
    [InlineData("""{"recipe":{"nodes":[{"image":"busybox"}]},"name":"A b"}""", "name")]
    [InlineData("""{"recipe":{"nodes":[{"image":"busybox"}]},"title":""}""", "title")]
    [InlineData("""{"recipe":{"nodes":[{"image":"busybox"}]},"access":"world"}""", "access")]
    [InlineData("""{"recipe":{"nodes":[{"image":"busybox"}]},"budget":{"atOnce":0}}""", "atOnce")]
    [InlineData("""{"recipe":{"nodes":[{"image":"busybox"}]},"budget":{"from":"08:00"}}""", "from")]
    [InlineData("""{"recipe":{"nodes":[{"image":"busybox","image":"busybox"}]}}""", "JSON")]
    public async Task A_link_that_cannot_be_made_says_why_and_leaves_nothing(string body, string word)
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();

        var refused = await author.PostAsync("/api/v1/links", body);

        Assert.InRange(refused.Status, 400, 499);
        Assert.Contains(word, (string?)refused.Json!["detail"], StringComparison.Ordinal);
        Assert.Empty((await author.GetAsync("/api/v1/links")).Json!["links"]!.AsArray());
    }

    [Fact]
    public async Task A_setup_that_fails_waits_for_its_visitor_when_asked_to()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var visitor = web.NewClient();
        var recipe = new { nodes = new[] { new { image = "busybox", setup = new[] { new[] { "true" }, ["cat", "/root/needed"] } } }, terminals = new[] { new { title = "Log", run = "tail -f log" } } };

        var started = await visitor.PostAsync("/api/v1/playgrounds", new { recipe, onSetupFailure = "ask" });
        Assert.Equal(202, started.Status);
        var api = (string)started.Json!["urls"]!["api"]!;
        await WebUnderTest.Until(async () => (string?)(await visitor.GetAsync(api)).Json!["setup"]?["state"] == "failed");
        var failed = (await visitor.GetAsync(api)).Json!;
        Assert.Equal("starting", (string?)failed["state"]);
        Assert.Equal(["done", "failed"], failed["setup"]!["steps"]!.AsArray().Select(step => (string)step!["state"]!));
        Assert.Equal("cat /root/needed", (string?)failed["setup"]!["steps"]![1]!["command"]);
        Assert.NotEqual(0, (int?)failed["setup"]!["steps"]![1]!["exitCode"]);

        // Still missing: it fails again. Then the visitor goes in.
        Assert.Equal(200, (await visitor.PostAsync($"{api}/setup", new { action = "retry" })).Status);
        await WebUnderTest.Until(async () => (string?)(await visitor.GetAsync(api)).Json!["setup"]?["state"] == "failed");
        Assert.Equal(200, (await visitor.PostAsync($"{api}/setup", new { action = "enter" })).Status);
        await WebUnderTest.Until(async () => (string?)(await visitor.GetAsync(api)).Json!["state"] == "running");
        Assert.Equal("tail -f log", (string?)(await visitor.GetAsync($"{api}/terminals")).Json![0]!["run"]);
        Assert.Equal(409, (await visitor.PostAsync($"{api}/setup", new { action = "retry" })).Status);

        // Without asking, a launch that fails leaves nothing, as ever.
        var refused = await visitor.PostAsync("/api/v1/playgrounds", new { recipe });
        Assert.Equal((422, "setup_failed"), (refused.Status, refused.Code));
    }

    [Fact]
    public async Task The_page_of_a_link_says_what_it_starts_and_a_link_of_an_image_alone_goes_on()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        using var visitor = web.NewClient();
        visitor.Headers["Accept"] = "text/html";
        var recipe = new
        {
            nodes = new[] { new { image = "busybox", setup = new[] { new[] { "echo", "<script>alert(1)</script>" } }, files = new[] { new { path = "/root/hi", text = "hi" } } } },
            parameters = new[] { new { name = "CITY", title = "Your city", required = true } },
        };
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe, title = "A <b>title</b>", name = "hello" })).Json!["hash"]!;

        var page = await visitor.GetAsync("/x/hello");
        Assert.Equal(200, page.Status);
        Assert.Contains("Identical to what the author ran", page.Text, StringComparison.Ordinal);
        Assert.Contains("og:title", page.Text, StringComparison.Ordinal);
        Assert.Contains("dist/site", page.Text, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)", page.Text, StringComparison.Ordinal);
        Assert.Contains("A &lt;b&gt;title", page.Text, StringComparison.Ordinal);
        Assert.Contains("Your city", page.Text, StringComparison.Ordinal);
        Assert.Contains("/root/hi", page.Text, StringComparison.Ordinal);
        Assert.Empty(await web.Runtime.Sandboxes.ListAsync(TestContext.Current.CancellationToken));

        var plain = (string)(await author.PostAsync("/api/v1/links", new { recipe = new { nodes = new[] { new { image = "busybox" } } } })).Json!["hash"]!;
        var goes = await visitor.GetAsync($"/x/{plain}");
        Assert.Equal(302, goes.Status);
        Assert.EndsWith($"/p/new?link={plain}", goes.Header("Location"), StringComparison.Ordinal);

        // Sites that show previews follow to there and run no script: they read tags, and nothing starts.
        Assert.Equal(200, (await author.PutAsync("/api/v1/aliases/plain", new { hash = plain })).Status);
        byte[] png = [0x89, .. "PNG\r\n\x1a\n"u8, .. new byte[100]];
        Assert.Equal(200, (await author.PutBytesAsync("/api/v1/aliases/plain/cover", png)).Status);
        foreach (var (address, leadsTo, tags) in new[]
        {
            ($"/x/{plain}", $"/p/new?link={plain}", new[] { $"/x/{plain}\"", "Starts busybox in a Linux sandbox of your own, in the browser. Made by a guest of this server.", "/images/preview.png" }),
            ("/x/plain", $"/p/new?link=plain@{plain}", ["/x/plain@", "/x/plain/cover?v="]),
            ("/?image=busybox", "/p/new?image=busybox", ["Starts busybox in a Linux sandbox of your own, in the browser.", "/images/preview.png"]),
            ("/new?image=busybox", "/p/new?image=busybox", ["Starts busybox in a Linux sandbox of your own, in the browser."]),
        })
        {
            using var preview = web.NewClient();
            preview.Headers["Accept"] = "text/html";
            var led = await preview.GetAsync(address);
            Assert.EndsWith(leadsTo, led.Header("Location"), StringComparison.Ordinal);
            var start = await preview.GetAsync(leadsTo);
            Assert.Equal(200, start.Status);
            Assert.All(tags.Append("property=\"og:title\""), tag => Assert.Contains(tag, start.Text, StringComparison.Ordinal));
        }

        Assert.Empty(await web.Runtime.Sandboxes.ListAsync(TestContext.Current.CancellationToken));

        var missing = await visitor.GetAsync("/x/no-such-name");
        Assert.Equal(404, missing.Status);
        Assert.Contains("This link does not exist", missing.Text, StringComparison.Ordinal);
        Assert.Contains(hash, (await visitor.GetAsync($"/p/new?link={hash}")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recipe_as_people_write_it_becomes_a_link_and_every_mistake_has_its_place()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();

        var made = await author.SendAsync(HttpMethod.Post, "/api/v1/links?name=written", Yaml("image: busybox\nsetup:\n  - echo hello\n"));
        Assert.Equal(201, made.Status);
        Assert.Equal(["/bin/sh", "-c", "echo hello"], made.Json!["lock"]!["nodes"]![0]!["setup"]![0]!.AsArray().Select(word => (string)word!));
        Assert.Equal("written", (string?)made.Json["own"]!["aliases"]![0]!["name"]);

        var compose = await author.SendAsync(HttpMethod.Post, "/api/v1/links", Yaml("services:\n  web: { image: busybox:latest }\n  other: { image: library/busybox }\n"));
        Assert.Equal(["web", "other"], compose.Json!["lock"]!["nodes"]!.AsArray().Select(node => (string)node!["name"]!));

        var refused = await author.SendAsync(HttpMethod.Post, "/api/v1/links", Yaml("image: busybox\nenv: { 1BAD: x }\nports: [99999]\n"));
        Assert.Equal((400, "invalid"), (refused.Status, refused.Code));
        Assert.Contains("recipe.yaml:2:", (string?)refused.Json!["detail"], StringComparison.Ordinal);
        Assert.Contains("recipe.yaml:3:", (string?)refused.Json!["detail"], StringComparison.Ordinal);

        // A branch moves, so a link of one would not reopen the same thing.
        var floating = await author.SendAsync(HttpMethod.Post, "/api/v1/links", Yaml("image: busybox\nrepositories: [{ url: 'https://git.example/a/b', ref: main, path: /root/b }]\n"));
        Assert.Equal(400, floating.Status);
        Assert.Contains("commit", (string?)floating.Json!["detail"], StringComparison.Ordinal);

        static StringContent Yaml(string text) => new(text, System.Text.Encoding.UTF8, "application/yaml");
    }

    [Fact]
    public async Task An_address_with_a_recipe_asks_before_it_starts_and_names_its_mistakes()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var visitor = web.NewClient();
        visitor.Headers["Accept"] = "text/html";

        var page = await visitor.GetAsync("/new?image=busybox&run=echo+%3Cb%3Ehi&file=/root/a=b");
        Assert.Contains("echo &lt;b&gt;hi", page.Text, StringComparison.Ordinal);
        Assert.Contains("/root/a", page.Text, StringComparison.Ordinal);
        Assert.Contains("data-recipe", page.Text, StringComparison.Ordinal);
        Assert.Empty(await web.Runtime.Sandboxes.ListAsync(TestContext.Current.CancellationToken));

        Assert.EndsWith("/p/new?image=busybox", (await visitor.GetAsync("/new?image=busybox")).Header("Location"), StringComparison.Ordinal);
        Assert.Contains("This address has mistakes", (await visitor.GetAsync("/new?image=busybox&port=0")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_class_behind_one_router_opens_a_link_whose_budget_covers_it_and_guesses_no_password()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { LaunchBurst = 2, LaunchesPerMinute = 1, GuestBurst = 3, GuestsPerMinute = 1 } });
        using var admin = await web.NewOperatorAsync();
        var plain = new { nodes = new[] { new { image = "busybox" } } };
        var hash = (string)(await admin.PostAsync("/api/v1/links", new { recipe = plain, budget = new { atOnce = 50, password = "sesame" } })).Json!["hash"]!;
        await admin.PostAsync("/api/v1/links", new { recipe = Greeter });

        // The address has no launch left, and few new guests; the class comes all the same.
        for (var pupil = 0; pupil < 6; pupil++)
        {
            using var visitor = web.NewClient();
            Assert.Equal(201, (await visitor.PostAsync("/api/v1/playgrounds", new { link = hash, password = "sesame" })).Status);
        }

        using var thief = web.NewClient();
        var answers = new List<Answer>();
        for (var guess = 0; guess < 14; guess++)
        {
            answers.Add(await thief.PostAsync("/api/v1/playgrounds", new { link = hash, password = $"guess-{guess}" }));
        }

        Assert.All(answers, answer => Assert.Contains(answer.Code, new[] { "link_password", "rate" }));
        var late = await thief.PostAsync("/api/v1/playgrounds", new { link = hash, password = "sesame" });
        Assert.Equal((429, "rate"), (late.Status, late.Code));
    }

    private static async Task<IEnumerable<string>> StoredAsync(WebUnderTest web) =>
        (await web.Runtime.Images.ListAsync(TestContext.Current.CancellationToken)).Select(image => image.Digest.Value);

    private static Task Collect(WebUnderTest web) =>
        ((Catalog.ImageUse)web.Services.GetService(typeof(Catalog.ImageUse))!).CollectAsync(TestContext.Current.CancellationToken);
}
