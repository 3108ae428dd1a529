using System.Text;
using System.Text.Json.Nodes;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Tests.Images;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>Images that run a command of their own, rather than wait for somebody to type.</summary>
[Collection(nameof(LinuxHost))]
public sealed class ServiceImageTests(LinuxHost host) : IAsyncLifetime
{
    /// <summary>A minute and more, at 20 ms each; only a failure waits for it.</summary>
    private const int Attempts = 3000;

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
    public async Task Its_own_command_runs_as_its_own_user_and_its_end_stops_the_sandbox()
    {
        var id = await LaunchAsync(await AddAsync("id -u > /tmp/who; echo started; exit 3", user: "77"));
        var info = await UntilAsync(id, SandboxState.Stopped);
        Assert.Equal(3, info.ExitCode);
        Assert.Equal("77\n", await ReadAsync(id, "/tmp/who"));
    }

    [Fact]
    public async Task It_is_asked_to_end_before_it_is_killed()
    {
        var id = await LaunchAsync(await AddAsync("trap 'echo bye > /tmp/bye; exit 0' TERM; echo up > /tmp/up; while :; do sleep 0.05; done"));
        await UntilFileAsync(id, "/tmp/up");
        var info = await host.Runtime.Sandboxes.StopAsync(id, TimeSpan.FromSeconds(60), Cancel);
        Assert.Equal((SandboxState.Stopped, 0), (info.State, info.ExitCode ?? -1));
        Assert.Equal("bye\n", await ReadAsync(id, "/tmp/bye"));
    }

    [Fact]
    public async Task Started_again_it_runs_over_the_files_it_left()
    {
        var id = await LaunchAsync(await AddAsync("trap 'exit 0' TERM; echo run >> /tmp/runs; while :; do sleep 0.05; done"));
        await UntilFileAsync(id, "/tmp/runs");
        await host.Runtime.Sandboxes.StopAsync(id, TimeSpan.FromSeconds(60), Cancel);
        await host.Runtime.Sandboxes.StartAsync(id, Cancel);
        await UntilAsync(id, SandboxState.Running);
        for (var attempt = 0; attempt < Attempts && await ReadAsync(id, "/tmp/runs") != "run\nrun\n"; attempt++)
        {
            await Task.Delay(20, Cancel);
        }

        Assert.Equal("run\nrun\n", await ReadAsync(id, "/tmp/runs"));
    }

    [Fact]
    public async Task A_command_the_image_does_not_have_is_refused_and_nothing_is_left()
    {
        var digest = await AddAsync(new ImageBuilder().Layer(Files()).Config("Cmd", new JsonArray("/bin/none", "x")));
        var spec = Spec(digest);
        var fault = await Assert.ThrowsAsync<SandboxException>(() => host.Runtime.Sandboxes.CreateAsync(spec, Cancel));
        Assert.Equal(ErrorCode.CommandNotFound, fault.Code);
        Assert.Null(await host.Runtime.Sandboxes.FindAsync(spec.Id, Cancel));
    }

    [Theory]
    [InlineData("/etc/plain", "chmod +x")]
    [InlineData("/etc", "is a directory")]
    public async Task A_command_that_cannot_be_executed_is_refused_with_the_reason(string command, string reason)
    {
        var digest = await AddAsync(new ImageBuilder().Layer(Files().File("etc/plain", "x")).Config("Cmd", new JsonArray(command)));
        var fault = await Assert.ThrowsAsync<SandboxException>(() => host.Runtime.Sandboxes.CreateAsync(Spec(digest), Cancel));
        Assert.Equal(ErrorCode.CommandNotExecutable, fault.Code);
        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
    }

    private static TarBuilder Files()
    {
        var tar = new TarBuilder().Directory("bin/").Directory("tmp/", mode: 0b001_111_111_111).Directory("etc/")
            .Executable("bin/busybox", File.ReadAllBytes("/bin/busybox"));
        foreach (var applet in (ReadOnlySpan<string>)["sh", "id", "sleep", "echo"])
        {
            tar.Symlink("bin/" + applet, "busybox");
        }

        return tar;
    }

    private async Task<Digest> AddAsync(string script, string user = "") =>
        await AddAsync(new ImageBuilder().Layer(Files()).Config("Entrypoint", new JsonArray("/bin/sh", "-c")).Config("Cmd", new JsonArray(script)).Config("User", user));

    private async Task<Digest> AddAsync(ImageBuilder image)
    {
        await foreach (var _ in host.Runtime.Images.AddAsync(StoreUnderTest.Oci(image.OciArchive()), Cancel))
        {
        }

        return image.Digest;
    }

    private static SandboxPath At(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new ArgumentException(text, nameof(text));

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

    private async Task<SandboxId> LaunchAsync(Digest image) => (await host.Runtime.Sandboxes.CreateAsync(Spec(image), Cancel)).Id;

    private async Task<SandboxInfo> UntilAsync(SandboxId id, SandboxState state)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (await host.Runtime.Sandboxes.FindAsync(id, Cancel) is { } info && info.State == state)
            {
                return info;
            }

            await Task.Delay(20, Cancel);
        }

        throw new TimeoutException($"not {state}");
    }

    private async Task UntilFileAsync(SandboxId id, string path)
    {
        for (var attempt = 0; attempt < Attempts && await host.Runtime.Files.FindAsync(id, At(path), Cancel) is null; attempt++)
        {
            await Task.Delay(20, Cancel);
        }

        Assert.NotNull(await host.Runtime.Files.FindAsync(id, At(path), Cancel));
    }

    private async Task<string> ReadAsync(SandboxId id, string path)
    {
        using var content = new MemoryStream();
        await foreach (var part in host.Runtime.Files.ReadAsync(id, At(path), ReadForm.Raw, Cancel))
        {
            content.Write(part.Span);
        }

        return Encoding.UTF8.GetString(content.ToArray());
    }
}
