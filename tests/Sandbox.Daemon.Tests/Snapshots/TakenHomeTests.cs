using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Exports;
using Sandbox.Core.Images;
using Sandbox.Core.Networks;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Snapshots;

/// <summary>What somebody takes home, used by the real docker.</summary>
[Collection(nameof(LinuxHost))]
public sealed class TakenHomeTests(LinuxHost host) : SavedImage(host)
{
    /// <summary>Directories that Docker makes, or mounts over, in each container.</summary>
    private static readonly string[] Dockers = [.. Given, "/dev", "/proc", "/sys", "/.dockerenv", "/etc/mtab"];

    [Fact]
    public async Task Docker_builds_the_same_tree_from_the_dockerfile_and_loads_the_same_image()
    {
        var id = await LaunchAsync(Host.Busybox, spec => spec with { Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["GREETING"] = "say \"hi\" for $5 \\ 'x'" }, Workdir = "/srv/my app" });
        await RunAsync(id, """
            mkdir -p "/srv/my app/data" /opt/deep/er; echo one > /opt/one; ln /opt/one /opt/two; ln -s one /opt/link; chown -R 1000:1000 /opt/deep; chmod 4755 /opt/one
            rm /bin/vi; rm -rf /var; mkdir -m 700 /var; echo new > /var/new; chmod 1777 /opt; rm -rf /home; echo file > /home; rm -rf /usr/sbin; ln -s bin /usr/sbin
            dd if=/dev/zero of=/opt/sparse bs=1 count=1 seek=5000000 2>/dev/null; touch -d '2001-02-03 04:05:06' /opt/one; printf x > "/opt/$(printf 'a\377b')"; echo y > '/opt/$HOME "q" \'
            touch -d '2001-02-03 04:05:06' /opt/deep /root
            """);
        var first = await SaveAsync(id);
        var second = await ChangeAsync(first.Image.Digest, "rm /opt/link; echo three > /opt/three; rm -rf /opt/deep/er");
        var below = (await Host.Runtime.Images.ListAsync(Cancel)).Single(image => image.Digest == Host.Busybox);
        var tool = Host.Parts.GetRequiredService<Tool>();
        await using var docker = await DockerUnderTest.StartAsync(tool, Cancel);
        var context = Directory.CreateDirectory(Path.Combine(docker.Directory, "context")).FullName;
        await File.WriteAllTextAsync(Path.Combine(context, "Dockerfile"), Dockerfile.Write(new DockerfilePlan
        {
            BaseName = "sandbox-busybox:base",
            Base = below,
            Image = second,
            Difference = await Host.Runtime.Images.CompareAsync(second.Digest, Host.Busybox, Cancel),
        }), Cancel);
        await File.WriteAllBytesAsync(Path.Combine(context, Dockerfile.Changes), await ChangesAsync(second.Digest, Host.Busybox), Cancel);
        await LoadAsync(docker, Host.Busybox, "sandbox-busybox:base");
        await docker.RunAsync(Cancel, "build", "--network", "none", "-t", "rebuilt", context);
        await LoadAsync(docker, second.Digest, "playground:saved");

        var own = Tree(await LaunchAsync(second.Digest));
        var rebuilt = await TreeOfAsync(docker, tool, "rebuilt");
        Assert.Equal(Without(own), Without(rebuilt));
        Assert.Equal(Without(own), Without(await TreeOfAsync(docker, tool, "playground:saved")));
        Assert.Equal(
            await docker.RunAsync(Cancel, "inspect", "-f", "{{json .Config.Env}} {{.Config.WorkingDir}} {{json .Config.Cmd}} {{.Config.User}}", "playground:saved"),
            await docker.RunAsync(Cancel, "inspect", "-f", "{{json .Config.Env}} {{.Config.WorkingDir}} {{json .Config.Cmd}} {{.Config.User}}", "rebuilt"));

        // The line for a shell, without a terminal, which the test has not.
        var line = DockerRun.Line("playground:saved", "main", new SandboxLimits(1, 128L << 20, 64, 1L << 30, 1000), new RecipeContent { Network = NetworkPolicy.None })
            .Replace(" -it ", " ", StringComparison.Ordinal).Replace("docker ", $"/usr/bin/docker -H unix://{docker.Directory}/docker.sock ", StringComparison.Ordinal);
        Assert.Equal("three\nmain\n/srv/my app\n", (await tool.RunOrThrowAsync("sh", ["-c", line + " sh -c 'cat /opt/three; hostname; pwd'"], cancellationToken: Cancel)).Text);
    }

    private async Task LoadAsync(DockerUnderTest docker, Digest image, string name)
    {
        var file = Path.Combine(docker.Directory, "load.tar");
        await using (var archive = File.Create(file))
        {
            await foreach (var piece in Host.Runtime.Images.ExportAsync(image, ArchiveKind.Docker, name, Cancel))
            {
                await archive.WriteAsync(piece, Cancel);
            }
        }

        await docker.RunAsync(Cancel, "load", "-i", file);
    }

    /// <summary>The files of an image as Docker exports them, unpacked by the host's tar.</summary>
    private static async Task<IReadOnlyList<string>> TreeOfAsync(DockerUnderTest docker, Tool tool, string image)
    {
        var directory = Directory.CreateDirectory(Path.Combine(docker.Directory, image.Replace(':', '-'))).FullName;
        var container = (await docker.RunAsync(Cancel, "create", image, "true")).Trim();
        await docker.RunAsync(Cancel, "export", "-o", directory + ".tar", container);
        await tool.RunOrThrowAsync("tar", ["-C", directory, "-xpf", directory + ".tar", "--numeric-owner", "--xattrs", "--xattrs-include=*"], cancellationToken: Cancel);
        return TreeListing.Of(directory, 0, Given);
    }

    // Docker writes into /etc for each container, so the directory has another time.
    private static List<string> Without(IReadOnlyList<string> tree) =>
        [.. tree.Where(line => !line.StartsWith("/etc Directory ", StringComparison.Ordinal) && !Array.Exists(Dockers, path => line.StartsWith(path + " ", StringComparison.Ordinal) || line.StartsWith(path + "/", StringComparison.Ordinal)))];
}
