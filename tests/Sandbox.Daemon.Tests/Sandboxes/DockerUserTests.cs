using System.Text;
using System.Text.Json.Nodes;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Tests.Images;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>What somebody who knows Docker expects of an image's user, volumes and stop signal, and of files.</summary>
[Collection(nameof(LinuxHost))]
public sealed class DockerUserTests(LinuxHost host) : IAsyncLifetime
{
    private readonly List<SandboxId> _made = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _made)
        {
            await host.Runtime.Sandboxes.RemoveAsync(id, CancellationToken.None);
        }
    }

    [Fact]
    public async Task Uploads_belong_to_the_user_that_the_image_runs_as_and_so_do_their_new_parents()
    {
        var id = await LaunchAsync(Image("app"));

        await host.Runtime.Files.WriteAsync(id, At("/home/app/proj/a.txt"), new FileWish(), Bytes("a"), Cancel);
        await host.Runtime.Files.MakeDirectoryAsync(id, At("/home/app/new/dir"), Cancel);
        var upload = new UploadSpec { Id = UploadId.New(), Path = At("/home/app/tus/b.txt"), Length = 1 };
        await host.Runtime.Files.BeginUploadAsync(id, upload, Cancel);
        await host.Runtime.Files.ContinueUploadAsync(id, upload.Id, 0, Bytes("b"), Cancel);

        foreach (var path in (string[])["/home/app/proj", "/home/app/proj/a.txt", "/home/app/new", "/home/app/new/dir", "/home/app/tus", "/home/app/tus/b.txt"])
        {
            Assert.Equal("1000:1000\n", await RunAsync(id, "stat", "-c", "%u:%g", path));
        }

        Assert.Equal("ok\n", await RunAsync(id, "sh", "-c", "echo more >> /home/app/proj/a.txt && rm -r /home/app/new /home/app/tus && echo ok"));
    }

    [Fact]
    public async Task Upload_names_another_owner_and_an_unknown_one_is_refused()
    {
        var id = await LaunchAsync(Image("app"));

        await host.Runtime.Files.WriteAsync(id, At("/srv/www/index.html"), new FileWish { Owner = "www:staff" }, Bytes("x"), Cancel);
        await host.Runtime.Files.WriteAsync(id, At("/srv/kept"), new FileWish { Owner = "0:0" }, Bytes("x"), Cancel);
        await host.Runtime.Files.WriteAsync(id, At("/srv/kept"), new FileWish(), Bytes("y"), Cancel);
        var fault = await Assert.ThrowsAsync<SandboxException>(() => host.Runtime.Files.WriteAsync(id, At("/srv/none"), new FileWish { Owner = "nobody-here" }, Bytes("x"), Cancel));

        Assert.Equal("33:50\n33:50\n0:0\n", await RunAsync(id, "stat", "-c", "%u:%g", "/srv/www", "/srv/www/index.html", "/srv/kept"));
        Assert.Equal(ErrorCode.Invalid, fault.Code);
        Assert.Null(await host.Runtime.Files.FindAsync(id, At("/srv/none"), Cancel));
    }

    [Fact]
    public async Task Files_of_a_recipe_belong_to_its_user_who_may_come_with_them()
    {
        var spec = Spec(await AddAsync(Image(""))) with
        {
            User = "dev",
            Files =
            [
                new RecipeFile { Path = "/etc/passwd", Text = "root:x:0:0::/root:/bin/sh\ndev:x:77:78::/work:/bin/sh\n" },
                new RecipeFile { Path = "/srv/app/main.c", Text = "int main;" },
            ],
        };
        var id = (await host.Runtime.Sandboxes.CreateAsync(spec, Cancel)).Id;

        Assert.Equal("0:0\n77:78\n77:78\n", await RunAsync(id, "stat", "-c", "%u:%g", "/etc/passwd", "/srv/app", "/srv/app/main.c"));
    }

    [Fact]
    public async Task Image_gets_its_own_stop_signal_and_its_volumes()
    {
        var image = Image("").Config("Entrypoint", new JsonArray("/bin/sh", "-c"))
            .Config("Cmd", new JsonArray("trap 'echo fast; exit 0' INT; trap '' TERM; ls -d /data/db /var/lib/here; echo up; while :; do sleep 0.05; done"))
            .Config("StopSignal", "SIGINT").Config("Volumes", new JsonObject { ["/seed/../data/./db/"] = new JsonObject(), ["/etc/passwd"] = new JsonObject() });
        var id = await LaunchAsync(image);
        await UntilLogAsync(id, "up");
        var since = DateTimeOffset.UtcNow;

        var info = await host.Runtime.Sandboxes.StopAsync(id, TimeSpan.FromSeconds(60), Cancel);

        Assert.Equal(0, info.ExitCode);
        Assert.True(DateTimeOffset.UtcNow - since < TimeSpan.FromSeconds(59), "it took its whole grace");
        Assert.Contains("/data/db\r\n", await LogAsync(id), StringComparison.Ordinal);
        Assert.Contains("fast\r\n", await LogAsync(id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_check_and_an_unknown_stop_signal_are_named_in_the_report()
    {
        var image = Image("").Config("StopSignal", "SIGNOTHING").Config("Healthcheck", new JsonObject { ["Test"] = new JsonArray("CMD-SHELL", "curl -f localhost") });
        IReadOnlyList<string> notes = [];
        await foreach (var report in host.Runtime.Images.AddAsync(StoreUnderTest.Oci(image.OciArchive()), Cancel))
        {
            notes = report.Notes;
        }

        Assert.Equal(["Its stop signal is unknown, so SIGTERM is sent instead: 'SIGNOTHING'.", "Its health check is not run: 'curl -f localhost'."], notes);
    }

    [Theory]
    [InlineData("SIGQUIT", 3)]
    [InlineData("int", 2)]
    [InlineData("9", 9)]
    [InlineData("SIGRTMIN+3", 37)]
    [InlineData("RTMAX-1", 63)]
    [InlineData("SIGRTMIN+99", null)]
    [InlineData("0", null)]
    [InlineData("65", null)]
    public void Stop_signals_are_read_as_by_docker(string text, int? signal) => Assert.Equal(signal, StopSignals.Parse(text));

    [Theory]
    [InlineData("/dev/shm/x")]
    [InlineData("/proc/self/status")]
    [InlineData("/sys/kernel")]
    [InlineData("/dev")]
    [InlineData("/tmp/link/x")]
    [InlineData("/tmp/link")]
    public async Task Paths_on_file_systems_of_the_sandbox_are_refused_in_words(string text)
    {
        var id = await LaunchAsync(Image(""));
        Assert.Equal("", await RunAsync(id, "ln", "-s", "/dev/shm", "/tmp/link"));
        var path = At(text);

        await RefusedAsync(() => host.Runtime.Files.ListAsync(id, path, Cancel));
        await RefusedAsync(() => host.Runtime.Files.FindAsync(id, path, Cancel));
        await RefusedAsync(() => host.Runtime.Files.WriteAsync(id, path, new FileWish(), Bytes("x"), Cancel));
        await RefusedAsync(() => host.Runtime.Files.MakeDirectoryAsync(id, path, Cancel));
        await RefusedAsync(() => host.Runtime.Files.BeginUploadAsync(id, new UploadSpec { Id = UploadId.New(), Path = path, Length = 1 }, Cancel));
        foreach (var form in Enum.GetValues<ReadForm>())
        {
            await RefusedAsync(async () => await host.Runtime.Files.ReadAsync(id, path, form, Cancel).ToListAsync(Cancel));
        }

        if (text != "/tmp/link") // a link is deleted, and not what it leads to
        {
            await RefusedAsync(() => host.Runtime.Files.DeleteAsync(id, path, Cancel));
        }
    }

    [Fact]
    public async Task Part_of_a_file_is_read_as_far_as_the_file_reaches()
    {
        var id = await LaunchAsync(Image(""));
        await host.Runtime.Files.WriteAsync(id, At("/tmp/digits"), new FileWish(), Bytes("0123456789"), Cancel);

        Assert.Equal("345", await ReadAsync(id, "/tmp/digits", new FileRange(3, 3)));
        Assert.Equal("89", await ReadAsync(id, "/tmp/digits", new FileRange(8, 100)));
        Assert.Equal("", await ReadAsync(id, "/tmp/digits", new FileRange(20, 5)));
    }

    [Fact]
    public async Task Names_that_are_not_utf8_are_the_same_in_a_tar()
    {
        var id = await LaunchAsync(Image(""));
        await RunAsync(id, "sh", "-c", "mkdir /tmp/d; echo x > \"/tmp/d/$(printf 'caf\\351')\"; ln -s \"$(printf 'caf\\351')\" /tmp/d/link");
        using var tar = new MemoryStream();
        await foreach (var part in host.Runtime.Files.ReadAsync(id, At("/tmp/d"), ReadForm.Tar, Cancel))
        {
            tar.Write(part.Span);
        }

        tar.Position = 0;
        var entries = new List<TarEntry>();
        var reading = new TarReading(tar);
        while (reading.Next() is { } entry)
        {
            entries.Add(entry);
        }

        Assert.Equal(["caf\u00e9", "link"], entries.Select(entry => Encoding.Latin1.GetString(entry.Name)), StringComparer.Ordinal);
        Assert.Equal("caf\u00e9", Encoding.Latin1.GetString(entries[1].Target));
    }

    private static async Task RefusedAsync(Func<Task> call)
    {
        var fault = await Assert.ThrowsAsync<SandboxException>(call);
        Assert.Equal(ErrorCode.Invalid, fault.Code);
        Assert.Contains("exists only inside the sandbox", fault.Message, StringComparison.Ordinal);
    }

    private static ImageBuilder Image(string user)
    {
        var tar = new TarBuilder().Directory("bin/").Directory("tmp/", mode: 0b001_111_111_111).Directory("etc/").Directory("dev/").Directory("dev/shm/").Directory("proc/").Directory("sys/")
            .Directory("var/").Directory("home/")
            .File("etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\nwww:x:33:33::/srv:/bin/sh\n")
            .File("etc/group", "root:x:0:\nstaff:x:50:\n")
            .Executable("bin/busybox", File.ReadAllBytes("/bin/busybox"));
        foreach (var applet in (ReadOnlySpan<string>)["sh", "sleep", "stat", "ls", "ln", "rm", "mkdir", "printf"])
        {
            tar.Symlink("bin/" + applet, "busybox");
        }

        return new ImageBuilder().Layer(tar).Config("Cmd", new JsonArray("sh")).Config("User", user);
    }

    private static SandboxPath At(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new ArgumentException(text, nameof(text));

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Bytes(string text)
    {
        await Task.CompletedTask;
        yield return Encoding.UTF8.GetBytes(text);
    }

    private async Task<Digest> AddAsync(ImageBuilder image)
    {
        await foreach (var _ in host.Runtime.Images.AddAsync(StoreUnderTest.Oci(image.OciArchive()), Cancel))
        {
        }

        return image.Digest;
    }

    private SandboxSpec Spec(Digest image)
    {
        var spec = new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = PersonId.New(),
            Name = "main",
            Image = image,
            Limits = new SandboxLimits(1, 128L << 20, 128, 64L << 20, 10_000),
            OwnerLimits = new SandboxLimits(2, 4L << 30, 4096, 4L << 30, 1_000_000),
            Deadline = DateTimeOffset.UtcNow.AddMinutes(10),
        };
        _made.Add(spec.Id);
        return spec;
    }

    private async Task<SandboxId> LaunchAsync(ImageBuilder image) => (await host.Runtime.Sandboxes.CreateAsync(Spec(await AddAsync(image)), Cancel)).Id;

    private async Task<string> RunAsync(SandboxId id, params string[] command)
    {
        var result = await host.Runtime.Sandboxes.ExecAsync(id, new ExecSpec { Command = command, Timeout = TimeSpan.FromSeconds(60) }, Cancel);
        Assert.True(result.ExitCode == 0, Encoding.UTF8.GetString(result.Stderr.Span));
        return Encoding.UTF8.GetString(result.Stdout.Span);
    }

    private async Task<string> ReadAsync(SandboxId id, string path, FileRange range)
    {
        using var content = new MemoryStream();
        await foreach (var part in host.Runtime.Files.ReadAsync(id, At(path), ReadForm.Raw, range, Cancel))
        {
            content.Write(part.Span);
        }

        return Encoding.UTF8.GetString(content.ToArray());
    }

    private async Task<string> LogAsync(SandboxId id)
    {
        var text = new StringBuilder();
        await foreach (var piece in host.Runtime.Sandboxes.ReadLogAsync(id, follow: false, Cancel))
        {
            text.Append(Encoding.UTF8.GetString(piece.Span));
        }

        return text.ToString();
    }

    private async Task UntilLogAsync(SandboxId id, string text)
    {
        for (var attempt = 0; attempt < 3000 && !(await LogAsync(id)).Contains(text, StringComparison.Ordinal); attempt++)
        {
            await Task.Delay(20, Cancel);
        }
    }
}
