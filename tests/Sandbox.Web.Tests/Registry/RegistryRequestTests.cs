using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Web.Registry;
using Xunit;

namespace Sandbox.Web.Tests.Registry;

public sealed class RegistryRequestTests
{
    private const string Hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("/v2/me/app/manifests/1.0", "me/app", "Manifest", "1.0")]
    [InlineData("/v2/me/team/app/manifests/sha256:" + Hex, "me/team/app", "Manifest", "sha256:" + Hex)]
    [InlineData("/v2/me/app/blobs/sha256:" + Hex, "me/app", "Blob", "sha256:" + Hex)]
    [InlineData("/v2/me/app/blobs/uploads/", "me/app", "Upload", "")]
    [InlineData("/v2/me/app/blobs/uploads/9307d767-cf26-4bdb-96c8-75d1afe95556", "me/app", "Upload", "9307d767-cf26-4bdb-96c8-75d1afe95556")]
    [InlineData("/v2/me/blobs/uploads/tags/list", "me/blobs/uploads", "Tags", "")]
    public void An_address_names_a_repository_and_what_is_in_it(string path, string repository, string target, string reference) =>
        Assert.Equal((repository, target, reference), RegistryRequest.Read(path) is { } read ? (read.Repository, read.Target.ToString(), read.Reference) : default);

    [Theory]
    [InlineData("/v2/me/../other/app/manifests/1")]
    [InlineData("/v2/me/App/manifests/1")]
    [InlineData("/v2/me//manifests/1")]
    [InlineData("/v2/me/app/manifests/")]
    [InlineData("/v2/me/app/manifests/1/2")]
    [InlineData("/v2/me/app/blobs/sha256:12")]
    [InlineData("/v2/me/app/blobs/md5:" + Hex)]
    [InlineData("/v2/me/app/manifests/1\n")]
    [InlineData("/v2/manifests/1")]
    public void Other_addresses_are_none(string path) => Assert.Null(RegistryRequest.Read(path));

    [Fact]
    public void A_scope_opens_its_repository_for_its_actions()
    {
        string[] scopes = ["repository:me/app:pull", "repository:me/tool:pull,push"];
        Assert.True(RegistryPasses.Allow(scopes, "me/app", "pull"));
        Assert.False(RegistryPasses.Allow(scopes, "me/app", "push"));
        Assert.True(RegistryPasses.Allow(scopes, "me/tool", "push"));
        Assert.False(RegistryPasses.Allow(scopes, "me/tool/more", "pull"));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"config":{"digest":"sha256:12","size":1},"layers":[]}""")]
    [InlineData("""{"config":{"digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","size":-1},"layers":[]}""")]
    [InlineData("""{"config":{"digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","size":1},"layers":[{"digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","size":2}]}""")]
    [InlineData("""{"config":{"digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","size":1e40},"layers":[]}""")]
    public void A_manifest_that_is_none_is_refused(string manifest) =>
        Assert.Equal(ErrorCode.ImageInvalid, Assert.Throws<SandboxException>(() => PushedManifest.Read(Encoding.UTF8.GetBytes(manifest))).Code);
}
