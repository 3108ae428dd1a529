using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Snapshots;

/// <summary>A state of more files than most images have. A million of them take ten times as long, and no more memory.</summary>
[Collection(nameof(LinuxHost))]
public sealed class LargeStateTests(LinuxHost host) : SavedImage(host)
{
    [Fact]
    public async Task Nobody_waits_for_the_save_of_a_state_of_many_files_and_a_cancelled_one_leaves_nothing()
    {
        var large = await LaunchAsync(Host.Busybox, spec => spec with { Limits = spec.Limits with { DiskBytes = 1L << 30, Inodes = 60_000 } });
        await RunAsync(large, "mkdir /many; cd /many; for d in $(seq 40); do mkdir d$d; (cd d$d; seq 1000 | xargs touch); done");
        var small = await LaunchAsync(Host.Busybox);
        await RunAsync(small, "echo one > /root/one");
        var images = await ImagesAsync();

        using (var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel))
        {
            var cancelled = SaveAsync(large, cancel.Token);
            await IsUnpackingAsync(cancelled);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        }

        await StoredUnderTest.IsTidyAsync(Host);
        Assert.Equal(images, await ImagesAsync());
        Assert.Equal("40\n", await RunAsync(large, "ls /many | wc -l"));

        var saving = SaveAsync(large, Cancel);
        await IsUnpackingAsync(saving);
        var saved = await SaveAsync(small);
        Assert.False(saving.IsCompleted, "the small state waited for the large one");
        Assert.True(saved.LayerBytes > 0);
        var all = await saving;
        Keep(all.Image.Digest);
        Assert.True(all.LayerBytes >= 40_000 * 512, "every file has a header");

        // An image of one removes its files when nobody waits for that.
        var again = await LaunchAsync(all.Image.Digest);
        Assert.Equal("1000\n", await RunAsync(again, "ls /many/d40 | wc -l"));
        await Host.Runtime.Sandboxes.RemoveAsync(again, Cancel);
        var left = await Host.Runtime.Images.RemoveAsync(all.Image.Digest, Cancel).ContinueWith(
            removal => removal.IsCompletedSuccessfully ? Directory.GetDirectories(StoredUnderTest.Incoming(Host)) : [],
            Cancel,
            TaskContinuationOptions.ExecuteSynchronously, // at this moment, and not when a busy host runs this test again
            TaskScheduler.Default);
        Assert.NotEmpty(left);
        await RunAsync(small, "echo two > /root/two");
        await SaveAsync(small);
    }

    private Task<SnapshotResult> SaveAsync(SandboxId id, CancellationToken cancellationToken) =>
        Task.Run(() => Host.Runtime.Sandboxes.SnapshotAsync(id, SnapshotSpec.All, cancellationToken), CancellationToken.None);

    private async Task<IReadOnlyList<string>> ImagesAsync() =>
        [.. (await Host.Runtime.Images.ListAsync(Cancel)).Select(image => image.Digest.Value).Order(StringComparer.Ordinal)];

    /// <summary>Waits until the files of a layer are made beside the store.</summary>
    private Task IsUnpackingAsync(Task<SnapshotResult> saving) => StoredUnderTest.UntilAsync(
        () => saving.IsCompleted || Directory.GetDirectories(StoredUnderTest.Incoming(Host)).Any(work => Directory.Exists(Path.Combine(work, "layers"))),
        "the layer is being unpacked");
}
