using System.Text;
using Sandbox.Core.Exports;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.Networks;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Xunit;

namespace Sandbox.Core.Tests.Exports;

public sealed class DockerfileTests
{
    private static readonly StoredImage Base = Image('a', new ImageConfig { Command = ["sh"], Env = ["PATH=/bin"] });

    [Fact]
    public void A_dockerfile_deletes_adds_and_configures()
    {
        var image = Image('b', Base.Config with { Env = ["PATH=/bin", "GREETING=say \"hi\" for $5"], Workdir = "/srv/my app", User = "1000:1000" });
        Assert.Equal(
            $$"""
            # Rebuilds sha256:{{new string('b', 64)}}
            # on sha256:{{new string('a', 64)}}, which has to be loaded first under the name below:
            #   docker load -i base.tar
            FROM sandbox-busybox:aaaaaaaaaaaa
            # /etc/hosts was deleted; the builder mounts its own there.
            RUN ["rm", \
              "-rf", \
              "--", \
              "/bin/vi", \
              "/srv/\"; reboot; #"]
            ADD changes.tar /
            ENV GREETING="say \"hi\" for \$5"
            WORKDIR /srv/my app
            USER 1000:1000
            CMD ["sh"]

            """,
            Write(image, "/bin/vi", "/etc/hosts", "/srv/\"; reboot; #"));
    }

    [Fact]
    public void Names_that_are_no_text_are_made_by_printf() =>
        Assert.Contains(
            """RUN ["/bin/sh", \""" + "\n" + """  "-c", \""" + "\n" + """  "path=$(printf '/a\\377\\012\\045.'); rm -rf -- \"${path%.}\""]""",
            WriteBytes(Base, [(byte)'/', (byte)'a', 0xff, (byte)'\n', (byte)'%']),
            StringComparison.Ordinal);

    [Fact]
    public void Files_are_deleted_as_root_and_the_user_comes_back()
    {
        var below = Image('a', Base.Config with { User = "app" });
        var text = Dockerfile.Write(new DockerfilePlan { BaseName = "base:1", Base = below, Image = below with { Digest = Digest('b') }, Difference = Difference(0, "/x"u8.ToArray()) });
        Assert.True(text.IndexOf("USER 0:0\nRUN", StringComparison.Ordinal) < text.IndexOf("\nUSER app\n", StringComparison.Ordinal));
        Assert.DoesNotContain("ADD", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_that_a_dockerfile_cannot_set_are_named()
    {
        var text = Write(Image('b', Base.Config with { Env = ["PATH=/bin", "TWO=a\nRUN reboot"] }));
        Assert.DoesNotContain("reboot", text, StringComparison.Ordinal);
        Assert.Contains("# TWO has control characters", text, StringComparison.Ordinal);
    }

    [Fact]
    public void No_line_is_longer_than_a_dockerfile_may_have()
    {
        var deleted = Enumerable.Range(0, 5000).Select(number => Encoding.UTF8.GetBytes($"/{string.Join('/', Enumerable.Repeat(new string('x', 200), 5))}/{number}")).ToArray();
        var lines = WriteBytes(Base, deleted).Split('\n');
        Assert.True(lines.Max(line => line.Length) < 65_000);
        Assert.True(lines.Count(line => line.StartsWith("RUN", StringComparison.Ordinal)) > 10);
    }

    [Fact]
    public void A_run_line_has_the_limits_and_quotes_what_a_shell_would_read() =>
        Assert.Equal(
            "docker run --rm -it --hostname main --cpus 0.5 --memory 268435456 --pids-limit 128 --network none --env 'A=it'\\''s $5' --workdir '/srv/my app' --user 1000 playground:b1",
            DockerRun.Line("playground:b1", "main", new SandboxLimits(0.5, 256L << 20, 128, 1L << 30, 1000), new RecipeContent
            {
                Network = NetworkPolicy.None,
                Env = new Dictionary<string, string> { ["A"] = "it's $5" },
                Workdir = "/srv/my app",
                User = "1000",
            }));

    private static string Write(StoredImage image, params string[] deleted) => WriteBytes(image, [.. deleted.Select(Encoding.UTF8.GetBytes)]);

    private static string WriteBytes(StoredImage image, params byte[][] deleted) =>
        Dockerfile.Write(new DockerfilePlan { BaseName = "sandbox-busybox:aaaaaaaaaaaa", Base = Base, Image = image, Difference = Difference(1, deleted) });

    private static ImageDifference Difference(long entries, params byte[][] deleted) => new()
    {
        Entries = entries,
        TarBytes = entries * 1024,
        Deleted = [.. deleted.Select(bytes => SandboxPath.TryParse(bytes, out var path) ? path : throw new ArgumentException("no path", nameof(deleted)))],
    };

    private static StoredImage Image(char digit, ImageConfig config) => new() { Digest = Digest(digit), Layers = [], Config = config };

    private static Digest Digest(char digit) => Images.Digest.Parse("sha256:" + new string(digit, 64));
}
