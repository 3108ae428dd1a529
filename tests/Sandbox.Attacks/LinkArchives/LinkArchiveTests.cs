using System.Formats.Tar;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Sandbox.Daemon.Tests.Snapshots;
using Sandbox.Web.Tests;
using Xunit;

namespace Sandbox.Attacks.LinkArchives;

/// <summary>Links that go from one server to another: two web processes, each over a daemon with a data directory of its own.</summary>
[Collection(nameof(LinuxHost))]
public sealed class LinkArchiveTests(LinuxHost host) : IAsyncLifetime
{
    private static readonly string[] Given = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];

    private readonly string _work = Directory.CreateTempSubdirectory("sandbox-links-").FullName;
    private WebUnderTest? _web;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await MoveAsync("data");
        await (_web?.DisposeAsync() ?? ValueTask.CompletedTask);
        Directory.Delete(_work, recursive: true);
    }

    [Fact]
    public async Task A_link_goes_to_a_second_server_and_opens_the_same_tree()
    {
        await MoveAsync("first");
        using var author = _web!.NewClient();
        var hash = await MakeStateAsync(author);
        var before = await TreeAsync(author, hash);
        var archive = await DownloadAsync(hash);
        Assert.Equal(archive, await DownloadAsync(hash));

        // A registry and back, and a layout and back.
        var there = Path.Combine(_work, "back.tar");
        Skopeo(archive, "dir:" + Path.Combine(_work, "dir"));
        Skopeo("dir:" + Path.Combine(_work, "dir"), "oci:" + Path.Combine(_work, "layout") + ":x");
        await using var registry = await LocalRegistry.StartAsync(_work);
        Skopeo("oci:" + Path.Combine(_work, "layout") + ":x", $"docker://{registry.Address}/links/state:1");
        Skopeo($"docker://{registry.Address}/links/state:1", "oci-archive:" + there);

        await MoveAsync("second", registry.Address);
        using var reader = _web!.NewClient();
        await reader.LaunchAsync(); // another history
        foreach (var (reference, code) in new[]
        {
            ("registry.example.org/links/state:1", "invalid"), ("169.254.169.254/links/state:1", "invalid"), ("-x", "invalid"), (registry.Address + "/links/none:1", "image_not_found"),
        })
        {
            var refused = await reader.PostAsync("/api/v1/links", new { registry = reference });
            Assert.True(refused.Code == code, refused.Text);
        }

        var fetched = await reader.PostAsync("/api/v1/links", new { registry = registry.Address + "/links/state:1", title = "From a registry" });
        Assert.True(fetched.Status == 201, fetched.Text);
        Assert.Equal((hash, "From a registry"), ((string?)fetched.Json!["hash"], (string?)fetched.Json["title"]));
        Assert.Equal(200, (await reader.DeleteAsync($"/api/v1/links/{hash}")).Status);
        var made = await SendAsync(reader, await File.ReadAllBytesAsync(there, Cancel));

        Assert.True(made.Status == 201, made.Text);
        Assert.Equal(hash, (string?)made.Json!["hash"]);
        Assert.True((bool?)made.Json["comparison"]!["identical"], made.Text);
        Assert.Equal(before, await TreeAsync(reader, hash));
        reader.Headers["Accept"] = "text/html";
        Assert.Contains("Identical to what the author ran", (await reader.GetAsync($"/x/{hash}")).Text, StringComparison.Ordinal);

        // From there it is the same archive again, and twice is once.
        Assert.Equal(await ContentsAsync(archive), await ContentsAsync(await DownloadAsync(hash)));
        Assert.Equal(hash, (string?)(await SendAsync(reader, await File.ReadAllBytesAsync(archive, Cancel))).Json!["hash"]);
        Assert.Equal(200, (await reader.DeleteAsync($"/api/v1/links/{hash}")).Status);
    }

    [Fact]
    public async Task An_archive_that_is_not_whole_is_refused_and_leaves_nothing()
    {
        await MoveAsync("first");
        using var author = _web!.NewClient();
        var hash = await MakeStateAsync(author);
        var entries = await ContentsAsync(await DownloadAsync(hash));
        var image = ((string)(await author.GetAsync($"/api/v1/links/{hash}")).Json!["lock"]!["nodes"]![0]!["image"]!)["sha256:".Length..];

        // The state's own layer: the second server has that of busybox, and takes it from nobody.
        var layer = entries.Where(entry => entry.Key.StartsWith("blobs/", StringComparison.Ordinal)).OrderByDescending(entry => entry.Value.Length).ElementAt(1).Key;
        var small = entries.Keys.First(name => name.StartsWith("blobs/", StringComparison.Ordinal) && entries[name].AsSpan().IndexOf("\"rootfs\""u8) >= 0);

        await MoveAsync("second");
        using var stranger = _web!.NewClient();
        await stranger.LaunchAsync();
        foreach (var (what, change, words) in new (string, Action<SortedDictionary<string, byte[]>>, string)[]
        {
            ("a layer is missing", all => all.Remove(layer), "is missing"),
            ("a layer has other bytes", all => all[layer] = [.. all[layer][..^1], (byte)(all[layer][^1] ^ 1)], "does not have that digest"),
            ("a config has other bytes", all => all[small] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(all[small]).Replace("linux", "lin x", StringComparison.Ordinal)), "does not have that digest"),
            ("the image's manifest is missing", all => all.Remove("blobs/sha256/" + image), "is missing"),
            ("the recipe has other bytes", all => all["blobs/sha256/" + hash] = [.. all["blobs/sha256/" + hash], (byte)' '], "does not have the size"),
            ("there is no index", all => all.Remove("index.json"), "no index.json"),
            ("the index is none", all => all["index.json"] = "[]"u8.ToArray(), "no JSON of that kind"),
            ("a foreign media type", all => Retype(all, "application/vnd.sandbox.recipe.v1+json", "application/vnd.oci.image.config.v1+json"), "holds no link"),
            ("a part of a foreign type", all => Retype(all, "application/vnd.sandbox.note.v1+json", "application/vnd.example+json"), "which no link has"),
        })
        {
            var changed = new SortedDictionary<string, byte[]>(entries.ToDictionary(), StringComparer.Ordinal);
            change(changed);
            var answer = await SendAsync(stranger, Pack(changed));
            Assert.True(answer.Status == 422 && answer.Text.Contains(words, StringComparison.Ordinal), $"{what}: {answer.Text}");
        }

        var whole = Pack(new SortedDictionary<string, byte[]>(entries.ToDictionary(), StringComparer.Ordinal));
        Assert.Equal("image_invalid", (await SendAsync(stranger, whole[..(whole.Length / 2)])).Code);
        Assert.Equal("image_invalid", (await SendAsync(stranger, RandomNumberGenerator.GetBytes(10_000))).Code);
        Assert.Equal("invalid", (await SendAsync(stranger, [])).Code);
        var bomb = new byte[1024];
        Encoding.ASCII.GetBytes("index.json").CopyTo(bomb, 0);
        Assert.Equal("image_invalid", (await SendAsync(stranger, bomb)).Code);

        Assert.Empty((await stranger.GetAsync("/api/v1/links")).Json!["links"]!.AsArray());
        await WebUnderTest.Until(async () => (await host.Runtime.Images.ListAsync(Cancel)).Count == 1);
        Assert.Empty(Directory.GetFiles(Path.Combine(_web.Home, "data", "uploads")));
    }

    [Fact]
    public async Task An_archive_is_for_those_who_may_start_the_link()
    {
        await MoveAsync("first");
        using var author = _web!.NewClient();
        using var stranger = _web.NewClient();
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe = new { nodes = new[] { new { image = "busybox" } } }, access = "private" })).Json!["hash"]!;
        Assert.Equal("link_not_found", (await stranger.GetAsync($"/x/{hash}.oci")).Code);
        Assert.Equal("link_not_found", (await stranger.GetAsync("/x/hello.oci")).Code);
        var own = await author.GetAsync($"/x/{hash}.oci");
        Assert.Equal((200, $"\"{hash}\""), (own.Status, own.Header("ETag")));
        author.Headers["If-None-Match"] = $"\"{hash}\"";
        Assert.Equal(304, (await author.GetAsync($"/x/{hash}.oci")).Status);
        author.Headers.Clear();
        Assert.Equal(200, (await author.SendAsync(HttpMethod.Head, $"/x/{hash}.oci")).Status);

        // It is larger than a stranger's links may keep, or it is not: the catalog's layers cost nobody.
        Assert.Equal(201, (await SendAsync(stranger, own.Body)).Status);
        Assert.Equal(200, (await stranger.GetAsync($"/x/{hash}.oci")).Status);
    }

    private static void Retype(SortedDictionary<string, byte[]> all, string from, string to)
    {
        var index = JsonNode.Parse(all["index.json"])!;
        var described = index["manifests"]![0]!;
        var name = "blobs/sha256/" + ((string)described["digest"]!)["sha256:".Length..];
        var manifest = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(all[name]).Replace(from.Replace("+", "\\u002B", StringComparison.Ordinal), to, StringComparison.Ordinal).Replace(from, to, StringComparison.Ordinal));
        all.Remove(name);
        var hex = Convert.ToHexStringLower(SHA256.HashData(manifest));
        all["blobs/sha256/" + hex] = manifest;
        (described["digest"], described["size"]) = ("sha256:" + hex, manifest.Length);
        all["index.json"] = Encoding.UTF8.GetBytes(index.ToJsonString());
    }

    private static async Task<SortedDictionary<string, byte[]>> ContentsAsync(string archive)
    {
        var contents = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        await using var tar = new TarReader(File.OpenRead(archive));
        while (await tar.GetNextEntryAsync(copyData: true, Cancel) is { } entry)
        {
            using var bytes = new MemoryStream();
            await (entry.DataStream?.CopyToAsync(bytes, Cancel) ?? Task.CompletedTask);
            contents[entry.Name] = bytes.ToArray();
        }

        return contents;
    }

    private static byte[] Pack(SortedDictionary<string, byte[]> contents)
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, content) in contents)
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            }
        }

        return bytes.ToArray();
    }

    private static Task<Answer> SendAsync(Client client, byte[] archive)
    {
        var body = new ByteArrayContent(archive);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        return client.SendAsync(HttpMethod.Post, "/api/v1/links", body);
    }

    private static void Skopeo(string from, string to)
    {
        from = from.Contains(':', StringComparison.Ordinal) ? from : "oci-archive:" + from;
        Repositories.GitHost.Run("skopeo", "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", from, to);
    }

    /// <summary>A link of a state with everything that a tree can hold.</summary>
    private async Task<string> MakeStateAsync(Client author)
    {
        var (playground, sandbox) = await author.LaunchAsync();
        await ShellAsync(author, sandbox, """
            mkdir -p /state/deep && cd /state && echo text > file && chmod 4750 file && chown 7:8 file && ln file hard && ln file deep/hard && ln -s /etc/passwd deep/link
            ln -s nowhere deep/dangling && chown -h 65534:65535 deep/dangling && mkdir -m 2770 odd && chown 65535:1 odd && : > odd/none && chmod 0 odd/none
            mkfifo fifo && chmod 1777 deep && head -c 300000 /dev/urandom > random && touch -d '2001-02-03 04:05:06' random && rm -f /etc/group && mkdir -p /root/.cache
            dd if=/dev/zero of=sparse bs=1 count=1 seek=300000 2> /dev/null && printf x > "$(printf 'a\377b\nc')" && echo x > "$(printf '%0250d' 7)" && rm -r /var && mkdir /var
            echo x > able && chmod 755 able && echo x > noted && echo x > listed && touch -d '1969-12-31 23:00:00' noted && touch -d '2001-02-03 04:05:06' deep
            """);
        await AttributesAsync(sandbox, """
            setcap cap_net_raw,cap_net_bind_service+ep able; setfattr -n user.note -v 'a=b' noted; setfattr -n user.empty deep
            setfattr -n system.posix_acl_access -v 0x0200000001000600ffffffff020004000700000004000400ffffffff10000400ffffffff20000400ffffffff listed
            setfattr -n system.posix_acl_default -v 0x0200000001000700ffffffff04000500ffffffff080007000900000010000700ffffffff20000000ffffffff odd
            touch -d '2001-02-03 04:05:06' able
            """);
        var made = await author.PostAsync($"/api/v1/playgrounds/{playground}/links");
        Assert.True(made.Status == 201, made.Text);
        await author.DeleteAsync($"/api/v1/playgrounds/{playground}");
        return (string)made.Json!["hash"]!;
    }

    /// <summary>Every file of the sandbox: content, kind, mode, owner, time, attributes and links.</summary>
    private async Task<IReadOnlyList<string>> TreeAsync(Client client, string hash)
    {
        var (playground, id) = await client.LaunchAsync(new { link = hash });
        var sandbox = host.Parts.GetRequiredService<LiveSandboxes>().Find(SandboxId.Parse(id));
        var tree = TreeListing.Of(sandbox.Root.Root, sandbox.Range.First, Given);
        foreach (var part in (string[])["/state/random ", "[security.capability=", "[user.note=613d62]", "[user.empty=]", "[system.posix_acl_access=", "system.posix_acl_default=", "65535:1 ", " 7:8 ", "nowhere", " /state/deep/hard"])
        {
            Assert.Contains(tree, line => line.Contains(part, StringComparison.Ordinal));
        }

        await client.DeleteAsync($"/api/v1/playgrounds/{playground}");
        return tree;
    }

    /// <summary>Sets attributes with the host's programs as the sandbox's root, because its image has none of these.</summary>
    private async Task AttributesAsync(string sandbox, string script)
    {
        var pid = host.Parts.GetRequiredService<LiveSandboxes>().Find(SandboxId.Parse(sandbox)).Record.Pid;
        await host.Parts.GetRequiredService<Tool>().RunOrThrowAsync(
            "nsenter", [$"--user=/proc/{pid}/ns/user", "--setuid=0", "--setgid=0", "--", "sh", "-ec", $"cd /proc/{pid}/root/state; {script}"], cancellationToken: Cancel);
    }

    private static async Task<string> ShellAsync(Client client, string sandbox, string line)
    {
        var answer = await client.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "sh", "-c", line } });
        Assert.True(answer.Status == 200 && (int?)answer.Json!["exitCode"] == 0, answer.Text);
        return (string)answer.Json!["stdout"]!;
    }

    private async Task<string> DownloadAsync(string hash)
    {
        using var stranger = _web!.NewClient();
        var answer = await stranger.GetAsync($"/x/{hash}.oci");
        Assert.True(answer.Status == 200, answer.Text[..Math.Min(answer.Text.Length, 500)]);
        var file = Path.Combine(_work, $"{Convert.ToHexStringLower(SHA256.HashData(answer.Body))}.tar");
        await File.WriteAllBytesAsync(file, answer.Body, Cancel);
        return file;
    }

    /// <summary>The next server: a web process and a daemon with data of their own.</summary>
    private async Task MoveAsync(string name, params string[] registries)
    {
        foreach (var sandbox in await host.Runtime.Sandboxes.ListAsync(CancellationToken.None))
        {
            await host.Runtime.Sandboxes.RemoveAsync(sandbox.Id, CancellationToken.None);
        }

        await (_web?.DisposeAsync() ?? ValueTask.CompletedTask);
        _web = null;
        await host.RestartAsync(options => options with { LinkRegistries = registries, DataDirectory = Path.Combine(Path.GetDirectoryName(options.DataDirectory)!, name) });
        if (name != "data")
        {
            _web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { LaunchBurst = 1000, GuestBurst = 1000 } }, real: host.Runtime);
        }
    }
}
