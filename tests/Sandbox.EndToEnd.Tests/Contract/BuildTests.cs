using System.Formats.Tar;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>Dockerfiles that guests build, in sandboxes of their own.</summary>
public sealed class BuildTests
{
    /// <summary>Every instruction and option that the public Dockerfiles have which were counted, in forms that need no network.</summary>
    private const string Everything = """
        # syntax=docker/dockerfile:1
        ARG VERSION=latest
        ARG BASE
        FROM --platform=$BUILDPLATFORM ${BASE:-busybox}:$VERSION AS first
        MAINTAINER somebody <somebody@example.org>
        ARG a=1 b=2
        ARG TARGETARCH TARGETPLATFORM BUILDPLATFORM
        ENV legacy form value
        ENV NEW=1 OTHER="two words"
        LABEL one=1 "two"="2 3"
        WORKDIR /app
        RUN echo $a $b $legacy > args && test -n "$TARGETARCH"
        RUN ["sh", "-c", "echo exec > exec"]
        RUN <<EOS
        set -e
        echo heredoc > heredoc
        EOS
        RUN <<-"EOS" sh
        	echo tabs > tabs
        	EOS
        RUN --mount=type=cache,target=/cache echo cached > /cache/file && cat /cache/file
        RUN --mount=type=tmpfs,target=/memory echo gone > /memory/file
        RUN --mount=type=secret,id=none test ! -e /run/secrets/none
        RUN --mount=type=bind,source=one.txt,target=/mnt/one cp /mnt/one bound
        RUN echo a \
            # a comment inside of an instruction

            b > continued
        from busybox as second
        COPY --from=first /app /app
        COPY --chown=1:2 one.txt t*.txt /copied/
        COPY --chmod=600 two.txt /mode
        COPY ["one.txt", "/json form"]
        COPY --link two.txt /linked
        COPY <<EOD /document
        a document
        EOD
        ADD --chown=3:4 --chmod=755 folder /added/
        ADD packed.tar /unpacked/
        EXPOSE 80 443/tcp 53/udp
        VOLUME /data
        VOLUME ["/one", "/two"]
        SHELL ["/bin/sh", "-ec"]
        HEALTHCHECK --interval=5s CMD true
        STOPSIGNAL SIGINT
        ONBUILD RUN echo triggered > /tmp/triggered
        USER 1000:1000
        FROM second AS third
        USER root
        COPY --from=0 /app/args /again
        FROM third AS unused
        RUN exit 9
        FROM third
        ENTRYPOINT ["sh", "-c"]
        CMD sleep 600
        """;

    [Fact]
    public async Task A_Dockerfile_with_every_instruction_becomes_an_image_that_starts()
    {
        await using var caller = await Caller.NewGuestAsync();
        var context = Context(
            ("Dockerfile", Everything), (".dockerignore", "ignored\n"), ("one.txt", "one\n"), ("two.txt", "two\n"), ("ignored", "no\n"), ("folder/inner", "inner\n"),
            ("packed.tar", Encoding.Latin1.GetString(Context(("packed", "packed\n")))));

        var events = await BuildAsync(caller, "every:1", context);

        var last = events[^1];
        Assert.True((string?)last["type"] == "image", last.ToJsonString());
        var image = last["image"]!;
        Assert.Equal("every:1", (string?)image["name"]);
        Assert.Equal($"every:1@{image["digest"]}", (string?)image["reference"]);
        Assert.Equal("started", (string?)events[0]["type"]);
        Assert.Contains(events, each => (string?)each["type"] == "log" && ((string?)each["text"])!.Contains("cached", StringComparison.Ordinal));
        Assert.DoesNotContain(events, each => (string?)each["instruction"] == "RUN exit 9");
        var lines = Everything.Split('\n');
        Assert.All(events.Where(each => (string?)each["type"] == "step" && !((string)each["instruction"]!).Contains("triggered", StringComparison.Ordinal)), step => Assert.StartsWith(((string)step["instruction"]!).Split(' ')[0], lines[(int)step["line"]! - 1], StringComparison.OrdinalIgnoreCase));

        var (_, sandbox) = await caller.LaunchAsync(new { image = "every:1" });
        Assert.Equal("1 2 form value\nexec\nheredoc\ntabs\none\na b\n", await caller.ShellAsync(sandbox, "cd /app; cat args exec heredoc tabs bound continued"));
        Assert.Equal("1:2 600 one two a document\n", await caller.ShellAsync(sandbox, "echo $(stat -c %u:%g /copied/two.txt; stat -c %a /mode; cat '/json form' /linked /document)"));
        Assert.Equal("3:4 755 inner packed 1 2 form value triggered\n", await caller.ShellAsync(sandbox, "echo $(stat -c '%u:%g %a' /added/inner; cat /added/inner /unpacked/packed /again /tmp/triggered)"));
        Assert.Equal("", await caller.ShellAsync(sandbox, "ls -d /ignored /run/secrets/none 2> /dev/null"));
    }

    [Fact]
    public async Task An_image_is_its_builders_own_and_a_link_of_it_outlives_it()
    {
        await using var caller = await Caller.NewGuestAsync();
        await using var stranger = await Caller.NewGuestAsync();
        var built = await BuildAsync(caller, "mine", "FROM debian\nARG word=none\nRUN echo $word > /word\n", "&arg=word=given");
        Assert.True((string?)built[^1]["type"] == "image", built[^1].ToJsonString());

        var own = (await caller.GetAsync("/api/v1/images/own")).Json.AsArray();
        Assert.Equal("mine", (string?)Assert.Single(own)!["name"]);

        // The layers of the image below are the catalog's.
        Assert.InRange((long)own[0]!["ownBytes"]!, 1, 1_000_000);
        Assert.Empty((await stranger.GetAsync("/api/v1/images/own")).Json.AsArray());
        Assert.Equal("image_not_found", (await stranger.PostAsync("/api/v1/playgrounds", new { image = "mine" })).Code);
        Assert.Equal("image_not_found", (await stranger.DeleteAsync("/api/v1/images/own/mine")).Code);

        var link = await caller.PostAsync("/api/v1/links", new { recipe = new { nodes = new[] { new { image = "mine" } } } });
        Assert.True(link.Status == 201, link.Text);
        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/images/own/mine")).Status);
        Assert.Equal("image_not_found", (await caller.PostAsync("/api/v1/playgrounds", new { image = "mine" })).Code);
        var (_, sandbox) = await stranger.LaunchAsync(new { link = (string?)link.Json["hash"] });
        Assert.Equal("given\n", await stranger.ShellAsync(sandbox, "cat /word"));
    }

    [Fact]
    public async Task An_image_is_built_on_an_image_of_ones_own_and_replaced_by_the_next_of_its_name()
    {
        await using var caller = await Caller.NewGuestAsync();
        Assert.Equal("image", (string?)(await BuildAsync(caller, "below", "FROM busybox\nRUN echo below > /below\n"))[^1]["type"]);
        Assert.Equal("image", (string?)(await BuildAsync(caller, "above", "FROM docker.io/library/busybox:latest AS one\nRUN echo one > /one\nFROM below:latest\nCOPY --from=one /one /one\nRUN cat /below\n"))[^1]["type"]);
        var first = (string?)(await caller.GetAsync("/api/v1/images/own")).Json[0]!["digest"];
        Assert.Equal("image", (string?)(await BuildAsync(caller, "above", "FROM scratch\nCOPY --from=busybox /bin/busybox /bin/sh\nCMD [\"sh\"]\n"))[^1]["type"]);
        var own = (await caller.GetAsync("/api/v1/images/own")).Json.AsArray();
        Assert.Equal(["above", "below"], own.Select(image => (string)image!["name"]!));
        Assert.NotEqual(first, (string?)own[0]!["digest"]);
    }

    [Fact]
    public async Task Layers_of_earlier_builds_are_used_until_they_are_cleared_and_by_one_build_at_a_time()
    {
        await using var caller = await Caller.NewGuestAsync();
        const string random = "FROM busybox\nRUN head -c 20 /dev/urandom > /random\nRUN cat /random > /again\n";
        var first = (await BuildAsync(caller, "one", random))[^1];
        var failed = await BuildAsync(caller, "failed", random + "RUN exit 3\n");
        var second = await BuildAsync(caller, "two", random);

        Assert.Equal("build_failed", (string?)failed[^1]["code"]);
        Assert.Equal(2, second.Count(each => (bool?)each["cached"] == true));
        Assert.Equal((string)first["image"]!["digest"]!, (string?)second[^1]["image"]?["digest"]);
        Assert.Equal("build.layers", (string?)(await caller.GetAsync("/api/v1/volumes")).Json[0]!["name"]);

        // The second of two at once says that it does without; what it makes is no less an image.
        var both = await Task.WhenAll(BuildAsync(caller, "three", random), BuildAsync(caller, "four", random));
        Assert.All(both, events => Assert.Equal("image", (string?)events[^1]["type"]));
        Assert.Contains(both, events => events.Any(each => (string?)each["type"] == "warning" && ((string)each["text"]!).Contains("Another build of yours", StringComparison.Ordinal)));

        var again = await BuildAsync(caller, "five", random, "&nocache=1");
        Assert.DoesNotContain(again, each => (bool?)each["cached"] == true);
        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/images/layers")).Status);
        Assert.Empty((await caller.GetAsync("/api/v1/volumes")).Json.AsArray());
        Assert.DoesNotContain(await BuildAsync(caller, "six", random), each => (bool?)each["cached"] == true);
    }

    [Theory]
    [InlineData("FROM busybox\nRUN true\nFROOM x\n", 3, "FROOM")]
    [InlineData("# a comment\n\nRUN true\n", 3, "before the first FROM")]
    [InlineData("FROM busybox AS\n", 1, "FROM takes")]
    [InlineData("FROM busybox\nRUN <<END\necho\n", 2, "END")]
    [InlineData("ARG x\nFROM $x\n", 2, "empty")]
    [InlineData("", 1, "no FROM")]
    public async Task A_mistake_is_refused_with_its_line(string dockerfile, int line, string words)
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        var answer = await caller.SendAsync(HttpMethod.Post, "/api/v1/images/build", dockerfile.Length == 0 ? Tar(Context(("Dockerfile", ""))) : new StringContent(dockerfile));
        Assert.Equal((400, "invalid"), (answer.Status, answer.Code));
        Assert.Equal(line, (int)answer.Json["line"]!);
        Assert.Contains(words, (string?)answer.Json["detail"], StringComparison.Ordinal);
        Assert.Contains($"Dockerfile:{line}:", (string?)answer.Json["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_names_its_line_and_leaves_nothing()
    {
        await using var caller = await Caller.NewGuestAsync();
        var failed = (await BuildAsync(caller, "failed", "FROM busybox\n\nRUN echo before\nRUN exit 3\n"))[^1];
        Assert.Equal(("error", "build_failed", 4), ((string?)failed["type"], (string?)failed["code"], (int?)failed["line"]));
        Assert.Contains("exit status 3", (string?)failed["detail"], StringComparison.Ordinal);

        var unknown = (await BuildAsync(caller, "unknown", "FROM busybox AS one\nFROM nobody.invalid/nothing:1\nCOPY --from=one /bin /bin\n"))[^1];
        Assert.Equal(("error", "image_not_found", 2), ((string?)unknown["type"], (string?)unknown["code"], (int?)unknown["line"]));
        Assert.Contains("nobody.invalid/nothing:1", (string?)unknown["detail"], StringComparison.Ordinal);

        // A file of the context is never one of the system's.
        var climbed = (await BuildAsync(caller, "climbed", Context([("Dockerfile", "FROM busybox\nCOPY climb /climbed\n")], ("climb", "/etc/passwd"))))[^1];
        Assert.Equal(("error", 2), ((string?)climbed["type"], (int?)climbed["line"]));
        Assert.Empty((await caller.GetAsync("/api/v1/images/own")).Json.AsArray());
        await UntilNothingRunsAsync(caller);
    }

    [Fact]
    public async Task A_context_that_is_no_tar_or_climbs_out_is_refused()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        var cases = new (byte[] Body, int Status, string Code)[]
        {
            ("no tar at all"u8.ToArray(), 400, "invalid"),
            (Context(("Dockerfile", "FROM busybox\n"), ("../../etc/evil", "evil")), 400, "invalid"),
            (Context(("Other", "FROM busybox\n")), 400, "invalid"),
            (Context(("Dockerfile", "FROM busybox\n" + new string('#', 10_000_000))), 413, "too_large"),
        };
        foreach (var (body, status, code) in cases)
        {
            var answer = await caller.SendAsync(HttpMethod.Post, "/api/v1/images/build", Tar(body));
            Assert.Equal((status, code), (answer.Status, answer.Code));
        }

        Assert.Equal("invalid", (await caller.SendAsync(HttpMethod.Post, "/api/v1/images/build?name=Not%20a%20name", new StringContent("FROM busybox\n"))).Code);
        Assert.Equal("invalid", (await caller.SendAsync(HttpMethod.Post, "/api/v1/images/build?dockerfile=../Dockerfile", new StringContent("FROM busybox\n"))).Code);
        Assert.Equal("conflict", (await caller.SendAsync(HttpMethod.Post, "/api/v1/images/build?name=debian", new StringContent("FROM busybox\n"))).Code);
        await UntilNothingRunsAsync(caller);
    }

    [Fact]
    public async Task A_build_that_hangs_is_cancelled_by_its_id_or_by_hanging_up()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        foreach (var byId in new[] { true, false })
        {
            using var response = await caller.SendAsync(HttpMethod.Post, "/api/v1/images/build?name=hung", new StringContent("FROM busybox\nRUN sleep 3600\n"), HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
            string? id = null;
            JsonNode? seen;
            do
            {
                seen = JsonNode.Parse((await reader.ReadLineAsync(TestContext.Current.CancellationToken))!)!;
                id ??= (string?)seen["id"];
            }
            while ((int?)seen["step"] != 2);
            if (byId)
            {
                await using var stranger = await Caller.NewGuestAsync();
                Assert.Equal("not_found", (await stranger.DeleteAsync($"/api/v1/images/build/{id}")).Code);
                Assert.Equal(204, (await caller.DeleteAsync($"/api/v1/images/build/{id}")).Status);
                var last = "";
                while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
                {
                    last = line;
                }

                Assert.Equal("error", (string?)JsonNode.Parse(last)!["type"]);
            }
        }

        await UntilNothingRunsAsync(caller);
        Assert.Empty((await caller.GetAsync("/api/v1/images/own")).Json.AsArray());
    }

    [Fact]
    public async Task A_full_disk_ends_a_build_and_two_builds_go_side_by_side()
    {
        await using var caller = await Caller.NewGuestAsync();
        await using var other = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        var both = await Task.WhenAll(
            BuildAsync(caller, "full", "FROM busybox\nRUN dd if=/dev/zero of=/full bs=1M\n"),
            BuildAsync(other, "one", "FROM busybox\nRUN echo one\n"),
            BuildAsync(other, "two", "FROM busybox\nRUN echo two\n"));
        Assert.Equal(["error", "image", "image"], both.Select(events => (string?)events[^1]["type"]));
        Assert.Contains(both[0], each => each.ToJsonString().Contains("No space left", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(2, (int?)both[0][^1]["line"]);
        Assert.Equal(2, (await other.GetAsync("/api/v1/images/own")).Json.AsArray().Count);
    }

    /// <summary>The plan of guests keeps 512 MiB; the disk of a sandbox has twice that.</summary>
    [Fact]
    public async Task An_image_beyond_its_owners_storage_ends_its_build_early_and_leaves_nothing()
    {
        await using var caller = await Caller.NewGuestAsync();

        // A stage that is no part of the image may have more, and so may files that are gone when the next instruction begins.
        var small = (await BuildAsync(caller, "small", "FROM busybox AS large\nRUN truncate -s 600M /large && echo small > /small\nRUN true\nFROM busybox\nRUN truncate -s 600M /large && rm /large\nCOPY --from=large /small /small\n"))[^1];
        Assert.True((string?)small["type"] == "image", small.ToJsonString());
        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/images/own/small")).Status);

        // The instruction after the one that exceeds it never ends.
        var events = await BuildAsync(caller, "beyond", "FROM busybox\nRUN echo one > /one\nRUN truncate -s 600M /large\nRUN sleep 3600\n");

        Assert.Equal(("error", "quota", 3), ((string?)events[^1]["type"], (string?)events[^1]["code"], (int?)events[^1]["line"]));
        Assert.Contains("Dockerfile:3: the image has 600 MiB of its own", (string?)events[^1]["detail"], StringComparison.Ordinal);
        Assert.DoesNotContain(events, each => ((string?)each["text"])?.Contains("Taking the image out", StringComparison.Ordinal) == true);
        Assert.Empty((await caller.GetAsync("/api/v1/images/own")).Json.AsArray());
        Assert.Equal(0, (long?)(await caller.GetAsync("/api/v1/links")).Json["usedBytes"]);
        await UntilNothingRunsAsync(caller);
    }

    private static Task<IReadOnlyList<JsonNode>> BuildAsync(Caller caller, string name, string dockerfile, string query = "") =>
        BuildAsync(caller, name, new StringContent(dockerfile), query);

    private static Task<IReadOnlyList<JsonNode>> BuildAsync(Caller caller, string name, byte[] context) => BuildAsync(caller, name, Tar(context), "");

    /// <summary>The events of a build, to its end.</summary>
    private static async Task<IReadOnlyList<JsonNode>> BuildAsync(Caller caller, string name, HttpContent content, string query)
    {
        await UntilReadyAsync(caller);
        using var response = await caller.SendAsync(HttpMethod.Post, $"/api/v1/images/build?name={name}{query}", content, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var text = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    /// <summary>The images that builds need are the last of a fresh instance.</summary>
    private static Task UntilReadyAsync(Caller caller) => Instance.UntilAsync(
        async () => (await caller.GetAsync("/api/v1/images")).Json.AsArray().Where(image => (string?)image!["name"] is "docker" or "debian" or "busybox").All(image => (string?)image!["state"] == "ready"), 300);

    private static Task UntilNothingRunsAsync(Caller caller) => Instance.UntilAsync(
        async () => (await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray().All(playground => (string?)playground!["state"] == "ended"), 60);

    private static ByteArrayContent Tar(byte[] context) => new(context) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-tar") } };

    private static byte[] Context(params (string Name, string Text)[] files) => Context(files, []);

    private static byte[] Context((string Name, string Text)[] files, params (string Name, string Target)[] links)
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, TarEntryFormat.Pax))
        {
            foreach (var (name, text) in files)
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.Latin1.GetBytes(text)) });
            }

            foreach (var (name, target) in links)
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = target });
            }
        }

        return bytes.ToArray();
    }
}
