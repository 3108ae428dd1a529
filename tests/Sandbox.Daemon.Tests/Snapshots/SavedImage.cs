using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Daemon.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Snapshots;

/// <summary>Sandboxes that are changed and saved in a row; what was made is removed at the end.</summary>
public abstract class SavedImage(LinuxHost host) : IAsyncLifetime
{
    private readonly List<SandboxId> _made = [];
    private readonly List<Digest> _images = [];

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected static string[] Given { get; } = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];

    internal LinuxHost Host => host;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var id in _made)
        {
            await host.Runtime.Sandboxes.RemoveAsync(id, CancellationToken.None);
        }

        foreach (var image in _images.Distinct().Reverse())
        {
            await host.Runtime.Images.RemoveAsync(image, CancellationToken.None);
        }

        await StoredUnderTest.IsTidyAsync(host);
    }

    protected static SandboxPath At(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new ArgumentException(text, nameof(text));

    protected async Task<SandboxId> LaunchAsync(Digest image, Func<SandboxSpec, SandboxSpec>? change = null)
    {
        var spec = new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = PersonId.New(),
            Name = "main",
            Image = image,
            Limits = new SandboxLimits(2, 512L << 20, 128, 512L << 20, 50_000),
            OwnerLimits = new SandboxLimits(2, 4L << 30, 4096, 16L << 30, 2_000_000),
            Deadline = DateTimeOffset.UtcNow.AddMinutes(30),
        };
        spec = change?.Invoke(spec) ?? spec;
        _made.Add(spec.Id);
        return (await host.Runtime.Sandboxes.CreateAsync(spec, Cancel)).Id;
    }

    protected async Task<string> RunAsync(SandboxId id, string script)
    {
        var result = await host.Runtime.Sandboxes.ExecAsync(id, new ExecSpec { Command = ["sh", "-ec", script], Timeout = TimeSpan.FromMinutes(5) }, Cancel);
        Assert.True(result.ExitCode == 0, Encoding.UTF8.GetString(result.Stderr.Span));
        return Encoding.UTF8.GetString(result.Stdout.Span);
    }

    protected async Task<SnapshotResult> SaveAsync(SandboxId id, SnapshotSpec? spec = null)
    {
        var result = await host.Runtime.Sandboxes.SnapshotAsync(id, spec ?? SnapshotSpec.All, Cancel);
        Keep(result.Image.Digest);
        return result;
    }

    /// <summary>Removes an image at the end of the test.</summary>
    protected void Keep(Digest image)
    {
        lock (_images)
        {
            if (image != host.Busybox)
            {
                _images.Add(image);
            }
        }
    }

    /// <summary>Starts a sandbox from an image, changes it, saves it, and ends it.</summary>
    protected async Task<StoredImage> ChangeAsync(Digest image, string script)
    {
        var id = await LaunchAsync(image);
        await RunAsync(id, script);
        var saved = await SaveAsync(id);
        await host.Runtime.Sandboxes.RemoveAsync(id, Cancel);
        return saved.Image;
    }

    /// <summary>The files of a sandbox, without those that it was given.</summary>
    protected IReadOnlyList<string> Tree(SandboxId id)
    {
        var sandbox = host.Parts.GetRequiredService<LiveSandboxes>().Find(id);
        return TreeListing.Of(sandbox.Root.Root, sandbox.Range.First, Given);
    }

    protected async Task<byte[]> ChangesAsync(Digest image, Digest below)
    {
        using var tar = new MemoryStream();
        await foreach (var piece in host.Runtime.Images.ReadChangesAsync(image, below, Cancel))
        {
            tar.Write(piece.Span);
        }

        return tar.ToArray();
    }
}
