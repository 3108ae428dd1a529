using Sandbox.Daemon.Images;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

public sealed class ImageReferenceTests
{
    private const string Hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("debian", "debian:latest")]
    [InlineData("debian:12", "debian:12")]
    [InlineData("library/debian:12", "library/debian:12")]
    [InlineData("ghcr.io/owner/image", "ghcr.io/owner/image:latest")]
    [InlineData("127.0.0.1:5000/a/b__c.d-e:v1.2_3", "127.0.0.1:5000/a/b__c.d-e:v1.2_3")]
    [InlineData("localhost/a", "localhost/a:latest")]
    [InlineData("a.b/c@sha256:" + Hex, "a.b/c@sha256:" + Hex)]
    [InlineData("a.b/c:tag@sha256:" + Hex, "a.b/c@sha256:" + Hex)]
    public void References_are_read(string text, string expected) => Assert.Equal(expected, ImageReference.TryParse(text)?.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("--option")]
    [InlineData("-debian")]
    [InlineData("--dest-creds=a:b/c")]
    [InlineData("Debian")]
    [InlineData("a//b")]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData("a b")]
    [InlineData("debian:12\n")]
    [InlineData("debian:-12")]
    [InlineData("docker://debian")]
    [InlineData("oci:/etc/passwd")]
    [InlineData("a@sha256:12")]
    [InlineData("a@md5:" + Hex)]
    [InlineData("Upper/debian")]
    public void Everything_else_is_refused(string text) => Assert.Null(ImageReference.TryParse(text));

    [Fact]
    public void Very_long_references_are_refused() => Assert.Null(ImageReference.TryParse(new string('a', 10_000)));

    [Theory]
    [InlineData("127.0.0.1:5000/a", true)]
    [InlineData("localhost:5000/a", true)]
    [InlineData("localhost/a", true)]
    [InlineData("127.0.0.1.example.org/a", false)]
    [InlineData("localhost.example.org/a", false)]
    [InlineData("debian", false)]
    [InlineData("10.0.0.1:5000/a", false)]
    public void Only_this_host_is_spoken_to_without_tls(string text, bool loopback) => Assert.Equal(loopback, ImageReference.TryParse(text)!.IsLoopback);
}
