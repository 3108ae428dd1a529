using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>The registry of people's own images, used by docker and podman in a sandbox, by skopeo outside, and by hand where clients behave too well.</summary>
public sealed class RegistryTests
{
    private const string Inside = "registry.internal:5000";

    private static string Outside => Instance.Url.Authority;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Docker_pushes_an_image_that_starts_is_pulled_everywhere_and_is_deleted()
    {
        await using var caller = await Caller.NewGuestAsync();
        await Instance.UntilAsync(async () => (await caller.GetAsync("/api/v1/images")).Json.AsArray().Any(image => (string?)image!["name"] == "docker" && (string?)image["state"] == "ready"), 300);
        var password = await PasswordAsync(caller);
        var (_, sandbox) = await caller.LaunchAsync(new { image = "docker" });
        await caller.ShellAsync(sandbox, "mkdir /root/app && printf 'FROM busybox\\nRUN echo pushed > /said\\n' > /root/app/Dockerfile && docker build -q -t app /root/app 2>&1");

        // Nobody is signed in by being in a sandbox.
        Assert.Contains("unauthorized: Sign in with docker login", await caller.ShellAsync(sandbox, $"docker tag app {Inside}/me/app:1; docker push {Inside}/me/app:1 2>&1"), StringComparison.Ordinal);
        Assert.Contains("docker login: the page My images", await caller.ShellAsync(sandbox, $"echo wrong | docker login -u me --password-stdin {Inside} 2>&1"), StringComparison.Ordinal);
        Assert.Contains("Login Succeeded", await caller.ShellAsync(sandbox, $"echo {password} | docker login -u me --password-stdin {Inside} 2>&1"), StringComparison.Ordinal);
        Assert.Contains("denied: Your images are below me/", await caller.ShellAsync(sandbox, $"docker tag app {Inside}/other/app:1; docker push {Inside}/other/app:1 2>&1"), StringComparison.Ordinal);
        Assert.Contains("1: digest: sha256:", await caller.ShellAsync(sandbox, $"docker push {Inside}/me/app:1 2>&1"), StringComparison.Ordinal);
        Assert.Contains("Layer already exists", await caller.ShellAsync(sandbox, $"docker tag app {Inside}/me/app:2; docker push {Inside}/me/app:2 2>&1"), StringComparison.Ordinal);

        var own = (await caller.GetAsync("/api/v1/images/own")).Json.AsArray();
        Assert.Equal(["app:1", "app:2"], own.Select(image => (string)image!["name"]!));
        var digest = (string)own[0]!["digest"]!;
        Assert.Equal("pushed\n", await caller.ShellAsync(sandbox, $"docker rmi {Inside}/me/app:1 > /dev/null; docker run -q --rm {Inside}/me/app:1 cat /said 2>&1"));
        Assert.Equal("pushed\n", await caller.ShellAsync(sandbox, $"podman login -q -u me -p {password} {Inside} > /dev/null; podman run -q --rm --network host {Inside}/me/app:2 cat /said 2>&1"));
        Assert.Equal("", await caller.ShellAsync(sandbox, $"podman push -q {Inside}/me/app:2 {Inside}/me/pod:1 2>&1"));
        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/images/own/pod:1")).Status);
        Assert.Equal(digest, await SkopeoAsync("inspect", "--tls-verify=false", "--creds", $"me:{password}", "--format", "{{.Digest}}", $"docker://{Outside}/me/app:1"));
        var (_, started) = await caller.LaunchAsync(new { image = "app:1" });
        Assert.Equal("pushed\n", await caller.ShellAsync(started, "cat /said"));

        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/images/own/app:1")).Status);
        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/images/own/app:2")).Status);
        await Instance.UntilAsync(async () => (await SkopeoAsync("inspect", "--tls-verify=false", "--creds", $"me:{password}", $"docker://{Outside}/me/app:1")).Contains("unknown", StringComparison.Ordinal), 30);
    }

    [Fact]
    public async Task Podman_and_skopeo_push_from_outside_and_nobody_else_reads_it()
    {
        await using var caller = await Caller.NewGuestAsync();
        await using var other = await Caller.NewGuestAsync();
        var (mine, theirs) = (await PasswordAsync(caller), await PasswordAsync(other));
        var home = Directory.CreateTempSubdirectory("push-");
        try
        {
            await WriteLayoutAsync(home.FullName);
            Assert.Equal("", await SkopeoAsync("copy", "-q", "--dest-tls-verify=false", "--dest-creds", $"me:{mine}", $"oci:{home.FullName}", $"docker://{Outside}/me/team/tool:v1"));
            Assert.Equal("", await SkopeoAsync("copy", "-q", "--src-tls-verify=false", "--src-creds", $"me:{mine}", $"docker://{Outside}/me/team/tool:v1", $"oci:{home.FullName}/back"));
            Assert.Contains("\"v1\"", await SkopeoAsync("list-tags", "--tls-verify=false", "--creds", $"me:{mine}", $"docker://{Outside}/me/team/tool"), StringComparison.Ordinal);
            Assert.Contains("unknown", await SkopeoAsync("inspect", "--tls-verify=false", "--creds", $"me:{theirs}", $"docker://{Outside}/me/team/tool:v1"), StringComparison.Ordinal);
            Assert.Contains("unauthorized", await SkopeoAsync("inspect", "--tls-verify=false", $"docker://{Outside}/me/team/tool:v1"), StringComparison.OrdinalIgnoreCase);

            // Of several platforms it is the one that starts here.
            var amd64 = await WriteLayoutAsync(home.FullName + "/all");
            var arm64 = await WriteLayoutAsync(home.FullName + "/all");
            (amd64["platform"], arm64["platform"]) = (Platform("amd64"), Platform("arm64"));
            var index = await BlobAsync(home.FullName + "/all", "application/vnd.oci.image.index.v1+json", JsonSerializer.SerializeToUtf8Bytes(new { schemaVersion = 2, mediaType = "application/vnd.oci.image.index.v1+json", manifests = new[] { arm64, amd64 } }));
            await File.WriteAllTextAsync(home.FullName + "/all/index.json", JsonSerializer.Serialize(new { schemaVersion = 2, manifests = new[] { index } }), Now);
            Assert.Equal("", await SkopeoAsync("copy", "-q", "--all", "--preserve-digests", "--dest-tls-verify=false", "--dest-creds", $"me:{mine}", $"oci:{home.FullName}/all", $"docker://{Outside}/me/all:1"));
            Assert.Equal((string)amd64["digest"]!, (string?)(await caller.GetAsync("/api/v1/images/own")).Json[0]!["digest"]);
            Assert.Equal(204, (await caller.DeleteAsync("/api/v1/images/own/all:1")).Status);

            // Everybody with the code pulls it, and nothing else of its owner's, until the code is taken back.
            Assert.Equal(404, (await other.PostAsync("/api/v1/images/shares", new { image = "team/tool:v1" })).Status);
            await WriteLayoutAsync(home.FullName + "/private");
            Assert.Equal("", await SkopeoAsync("copy", "-q", "--dest-tls-verify=false", "--dest-creds", $"me:{mine}", $"oci:{home.FullName}/private", $"docker://{Outside}/me/team/tool:private"));
            var share = (await caller.PostAsync("/api/v1/images/shares", new { image = "team/tool:v1" })).Json;
            var shared = (string)share["reference"]!;
            Assert.Equal("", await SkopeoAsync("copy", "-q", "--src-tls-verify=false", $"docker://{shared}", $"oci:{home.FullName}/shared"));
            Assert.Equal("", await SkopeoAsync("copy", "-q", "--src-tls-verify=false", "--src-creds", $"me:{theirs}", $"docker://{shared}", $"oci:{home.FullName}/theirs"));
            Assert.Contains("manifest unknown", await SkopeoAsync("inspect", "--tls-verify=false", $"docker://{shared[..^2]}private"), StringComparison.Ordinal);
            using var client = new HttpClient { BaseAddress = Instance.Url };
            var hidden = Directory.GetFiles(Path.Combine(home.FullName, "private", "blobs", "sha256")).Select(Path.GetFileName).ToList();
            Assert.Equal(3, hidden.Count);
            foreach (var hex in hidden)
            {
                Assert.Equal(404, await StatusAsync(client, HttpMethod.Get, $"/v2/shared/{share["code"]}/team/tool/blobs/sha256:{hex}"));
            }

            Assert.Contains("denied", await SkopeoAsync("copy", "-q", "--dest-tls-verify=false", $"oci:{home.FullName}", $"docker://{shared}"), StringComparison.Ordinal);
            Assert.Equal(404, (await other.DeleteAsync($"/api/v1/images/shares/{share["code"]}")).Status);
            Assert.Equal(204, (await caller.DeleteAsync($"/api/v1/images/shares/{share["code"]}")).Status);
            Assert.Contains("manifest unknown", await SkopeoAsync("inspect", "--tls-verify=false", $"docker://{shared}"), StringComparison.Ordinal);

            // A new password opens what the revoked one opened.
            Assert.Equal(204, (await caller.DeleteAsync("/api/v1/registry/passwords")).Status);
            Assert.Contains("unauthorized", await SkopeoAsync("inspect", "--tls-verify=false", "--creds", $"me:{mine}", $"docker://{Outside}/me/team/tool:v1"), StringComparison.OrdinalIgnoreCase);
            mine = await PasswordAsync(caller);

            // skopeo deletes, and the list follows.
            Assert.Equal("", await SkopeoAsync("delete", "--tls-verify=false", "--creds", $"me:{mine}", $"docker://{Outside}/me/team/tool:v1"));
            Assert.Equal(["team/tool:private"], (await caller.GetAsync("/api/v1/images/own")).Json.AsArray().Select(image => (string)image!["name"]!));
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task What_lies_or_is_too_much_is_refused_in_words_and_keeps_nothing()
    {
        await using var caller = await Caller.NewGuestAsync();
        using var client = new HttpClient { BaseAddress = Instance.Url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(client, await PasswordAsync(caller), "repository:me/app:pull,push"));
        var config = await UploadAsync(client, Encoding.UTF8.GetBytes("""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"""));
        var layer = await UploadAsync(client, new byte[1024]);

        async Task RefusedAsync(int status, string why, object manifest, string reference = "1")
        {
            using var content = new StringContent(manifest as string ?? JsonSerializer.Serialize(manifest), Encoding.UTF8, "application/vnd.oci.image.manifest.v1+json");
            using var answer = await client.PutAsync(new Uri($"/v2/me/app/manifests/{reference}", UriKind.Relative), content, Now);
            var text = await answer.Content.ReadAsStringAsync(Now);
            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Contains(why, (string)JsonNode.Parse(text)!["errors"]![0]!["message"]!, StringComparison.Ordinal);
        }

        object Manifest(long size, string? digest = null) => new { schemaVersion = 2, config = new { mediaType = "application/vnd.oci.image.config.v1+json", digest = config.Digest, size = config.Size }, layers = new[] { new { mediaType = "application/vnd.oci.image.layer.v1.tar", digest = digest ?? layer.Digest, size } } };
        await RefusedAsync(400, "it has 1024", Manifest(layer.Size - 1));
        await RefusedAsync(404, "which is not in this repository", Manifest(1, "sha256:" + new string('0', 64)));
        await RefusedAsync(400, "without an image for linux/amd64", new { schemaVersion = 2, manifests = new[] { new { digest = layer.Digest, platform = new { os = "linux", architecture = "arm64" } } } });
        await RefusedAsync(404, "The index names the manifest", new { schemaVersion = 2, manifests = new[] { new { digest = layer.Digest, platform = new { os = "linux", architecture = "amd64" } } } });
        await RefusedAsync(400, "has the digest", Manifest(layer.Size), "sha256:" + new string('0', 64));
        await RefusedAsync(400, "cannot be read", "{");
        await RefusedAsync(400, "", Manifest(layer.Size)); // its configuration does not know the layer
        await RefusedAsync(413, "larger than 1 MiB", new string(' ', (1 << 20) + 1));
        Assert.Empty((await caller.GetAsync("/api/v1/images/own")).Json.AsArray());

        // A token for one repository is none for another, and nothing is taken over from a namespace that is not one's own.
        Assert.Equal(401, await StatusAsync(client, HttpMethod.Get, $"/v2/me/other/blobs/{layer.Digest}"));
        Assert.Equal(403, await StatusAsync(client, HttpMethod.Get, $"/v2/library/busybox/blobs/{layer.Digest}"));
        Assert.Equal(202, await StatusAsync(client, HttpMethod.Post, $"/v2/me/app/blobs/uploads/?mount={layer.Digest}&from=somebody/app"));
        Assert.Equal(403, await StatusAsync(client, HttpMethod.Get, "/v2/me/../somebody/app/manifests/1"));

        // Uploads end where the storage does: before a byte of a body is sent, if its length is known.
        using var large = new HttpRequestMessage(HttpMethod.Patch, await BeginAsync(client)) { Content = new ByteArrayContent([]) };
        large.Content.Headers.ContentLength = 3L << 30;
        large.Headers.ExpectContinue = true;
        using var refused = await client.SendAsync(large, Now);
        Assert.Equal(403, (int)refused.StatusCode);
        Assert.Contains("links, images and tutorials may keep", await refused.Content.ReadAsStringAsync(Now), StringComparison.Ordinal);
    }

    private static async Task<string> PasswordAsync(Caller caller) => (string)(await caller.PostAsync("/api/v1/registry/passwords")).Json["password"]!;

    private static async Task<string> TokenAsync(HttpClient client, string password, string scope)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v2/token?service=x&scope={scope}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("me:" + password)));
        using var answer = await client.SendAsync(request, Now);
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Now))!["token"]!;
    }

    private static async Task<int> StatusAsync(HttpClient client, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, new Uri(Instance.Url.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        using var answer = await client.SendAsync(request, Now);
        return (int)answer.StatusCode;
    }

    private static async Task<Uri> BeginAsync(HttpClient client)
    {
        using var begun = await client.PostAsync(new Uri("/v2/me/app/blobs/uploads/", UriKind.Relative), null, Now);
        Assert.Equal(202, (int)begun.StatusCode);
        return new Uri(Instance.Url, begun.Headers.Location!);
    }

    private static async Task<(string Digest, long Size)> UploadAsync(HttpClient client, byte[] content)
    {
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));
        using var answer = await client.PutAsync(new Uri($"{await BeginAsync(client)}&digest={digest}"), new ByteArrayContent(content), Now);
        Assert.Equal(201, (int)answer.StatusCode);
        return (digest, content.Length);
    }

    /// <summary>An image of one file.</summary>
    private static async Task<JsonObject> WriteLayoutAsync(string directory)
    {
        var tar = new MemoryStream();
        await using (var writer = new System.Formats.Tar.TarWriter(tar, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, "file") { DataStream = new MemoryStream(Guid.NewGuid().ToByteArray()) }, Now);
        }

        Directory.CreateDirectory(Path.Combine(directory, "blobs", "sha256"));
        var layer = await BlobAsync(directory, "application/vnd.oci.image.layer.v1.tar", tar.ToArray());
        var config = await BlobAsync(directory, "application/vnd.oci.image.config.v1+json", JsonSerializer.SerializeToUtf8Bytes(new { architecture = "amd64", os = "linux", config = new { Cmd = new[] { "/file" } }, rootfs = new { type = "layers", diff_ids = new[] { (string)layer["digest"]! } } }));
        var manifest = await BlobAsync(directory, "application/vnd.oci.image.manifest.v1+json", JsonSerializer.SerializeToUtf8Bytes(new { schemaVersion = 2, mediaType = "application/vnd.oci.image.manifest.v1+json", config, layers = new[] { layer } }));
        await File.WriteAllTextAsync(Path.Combine(directory, "index.json"), JsonSerializer.Serialize(new { schemaVersion = 2, manifests = new[] { manifest } }), Now);
        await File.WriteAllTextAsync(Path.Combine(directory, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""", Now);
        return manifest;
    }

    private static JsonObject Platform(string architecture) => new() { ["os"] = "linux", ["architecture"] = architecture };

    private static async Task<JsonObject> BlobAsync(string directory, string type, byte[] content)
    {
        var hex = Convert.ToHexStringLower(SHA256.HashData(content));
        await File.WriteAllBytesAsync(Path.Combine(directory, "blobs", "sha256", hex), content, Now);
        return new JsonObject { ["mediaType"] = type, ["digest"] = "sha256:" + hex, ["size"] = content.Length };
    }

    /// <summary>What skopeo prints, its errors too.</summary>
    private static async Task<string> SkopeoAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("skopeo", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Now), process.StandardError.ReadToEndAsync(Now));
        await process.WaitForExitAsync(Now);
        return (await output + await errors).Trim();
    }
}
