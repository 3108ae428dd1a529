using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

public sealed class RegistryTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_image_comes_from_a_registry_with_the_digest_it_has_there()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        await using var registry = await TestRegistry.StartAsync(test);
        var built = new ImageBuilder().Layer(new TarBuilder().File("file"));
        await registry.PushAsync(built, "demo/app:v1");
        var image = await test.AddAsync(new ImageSource.Registry($"{registry.Host}/demo/app:v1"));
        Assert.Equal(built.Digest, image.Digest);
        Assert.Equal("content\n", await test.InsideAsync(image.Digest, "cat file"));
        Assert.Equal(built.Digest, (await test.AddAsync(new ImageSource.Registry($"{registry.Host}/demo/app@{built.Digest.Value}"))).Digest);

        await test.RefusesAsync(ErrorCode.ImageNotFound, new ImageSource.Registry($"{registry.Host}/demo/app:v2"));
        await test.RefusesAsync(ErrorCode.ImageNotFound, new ImageSource.Registry($"{registry.Host}/demo/missing"));
    }

    [Fact]
    public async Task A_docker_image_of_schema_2_keeps_its_digest()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        await using var registry = await TestRegistry.StartAsync(test);
        await registry.PushAsync(new ImageBuilder().Layer(new TarBuilder().File("file")), "demo/app:v1", "v2s2");
        var raw = await test.Tool.RunOrThrowAsync("skopeo", ["inspect", "--raw", "--tls-verify=false", $"docker://{registry.Host}/demo/app:v1"], cancellationToken: Now);
        var image = await test.AddAsync(new ImageSource.Registry($"{registry.Host}/demo/app:v1"));
        Assert.Contains("vnd.docker.distribution.manifest.v2", raw.Text, StringComparison.Ordinal);
        Assert.Equal(Daemon.Images.ImageManifest.DigestOf(raw.Stdout), image.Digest);
    }

    [Fact]
    public async Task A_registry_that_sends_a_blob_with_the_wrong_digest_is_refused()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        await using var registry = await TestRegistry.StartAsync(test);
        await registry.PushAsync(new ImageBuilder().Layer(new TarBuilder().File("file", new string('x', 100_000))), "demo/app:v1");
        registry.SpoilBlobs();
        await test.RefusesAsync(ErrorCode.ImageInvalid, new ImageSource.Registry($"{registry.Host}/demo/app:v1"));
    }

    [Fact]
    public async Task An_image_too_large_is_refused_before_it_is_fetched()
    {
        await using var test = await StoreUnderTest.OpenAsync(maxImageBytes: 1000);
        await using var registry = await TestRegistry.StartAsync(test);
        var random = new byte[100_000];
        Random.Shared.NextBytes(random);
        await registry.PushAsync(new ImageBuilder().Layer(new TarBuilder().File("random"u8.ToArray(), random)), "demo/app:v1");
        await test.RefusesAsync(ErrorCode.TooLarge, new ImageSource.Registry($"{registry.Host}/demo/app:v1"));
    }

    [Fact]
    public async Task A_registry_that_does_not_answer_is_unreachable()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        await test.RefusesAsync(ErrorCode.RegistryUnreachable, new ImageSource.Registry($"127.0.0.1:{TestRegistry.FreePort()}/demo/app:v1"));
    }

    [Theory]
    [InlineData("--option")]
    [InlineData("--all docker://a")]
    [InlineData("dir:/etc")]
    public async Task What_is_no_reference_is_refused(string reference)
    {
        await using var test = await StoreUnderTest.OpenAsync();
        await test.RefusesAsync(ErrorCode.Invalid, new ImageSource.Registry(reference));
    }
}
