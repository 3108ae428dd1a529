using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Snapshots;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Saves a sandbox's files as an image, and lists the changes that such an image would hold. The sandbox is frozen only
/// while its files are copied; unpacking and storing come after.
/// </summary>
internal sealed class SandboxSnapshots(LiveSandboxes sandboxes, ImageStore images, SandboxFreezing freezing, GivenFiles given, LayerMerging merging, HostPaces paces)
{
    /// <summary>Makes an image. Codes: NotFound, Conflict (it has no files now, or ended meanwhile), TooLarge, DiskFull, Invalid.</summary>
    public async Task<SnapshotResult> SaveAsync(SandboxId id, SnapshotSpec spec, CancellationToken cancellationToken)
    {
        if (SnapshotRules.Validate(spec) is { Count: > 0 } mistakes)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        var sandbox = sandboxes.Find(id);
        await paces.WaitForWorkAsync(sandbox.Record.Spec.Owner, cancellationToken);
        return await images.WithIncomingAsync($"saving {id}", async incoming =>
        {
            var blobs = Directory.CreateDirectory(Path.Combine(incoming, "made")).FullName;
            using var below = images.Acquire(sandbox.Record.Spec.Image);
            var filter = new ChangeFilter(spec.ExcludedPaths, given.Of(sandbox.Record));
            var layer = await CopyAsync(sandbox, below, filter, incoming, blobs, cancellationToken);
            var kept = below.DiffIds.Count;
            if (layer is not null)
            {
                (kept, layer) = await merging.MergeAsync(below, layer, blobs, incoming, cancellationToken);
            }

            var image = await images.AddOnTopAsync(below, kept, layer, blobs, Change(sandbox.Record.Spec, spec), incoming, work => paces.WorkAsync(sandbox.Record.Spec.Owner, work), cancellationToken);
            return new SnapshotResult(image, layer?.Size ?? 0, filter.Skipped);
        });
    }

    /// <summary>Lists the changes that a snapshot would hold, while the sandbox goes on. Codes: NotFound, Conflict (it has no files now).</summary>
    public async Task<SnapshotContents> InspectAsync(SandboxId id, CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        RequireFiles(sandbox);
        using var call = sandbox.FileCalls.Enter();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, sandbox.Gone.Token);
        try
        {
            await paces.WaitForWorkAsync(sandbox.Record.Spec.Owner, either.Token);
            return await images.WithIncomingAsync($"inspecting {id}", async incoming =>
            {
                using var below = images.Acquire(sandbox.Record.Spec.Image);
                using var lower = await LowerView.OpenAsync(below.Layers, incoming);
                using var upper = RootedDirectory.Open(sandbox.Root.Changes);
                var owners = new SandboxOwners(sandbox.Range.First);
                var filter = new ChangeFilter([], given.Of(sandbox.Record));
                var walk = new UpperWalk(upper.Top.Handle, lower, owners, filter, mustStand: false);
                return await paces.WorkAsync(sandbox.Record.Spec.Owner, () => SnapshotInspection.Run(walk, filter, sandbox.Record.Spec.Env, either.Token));
            });
        }
        catch (OperationCanceledException) when (sandbox.Gone.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new SandboxException(ErrorCode.NotFound, "The sandbox has ended, and its files with it.");
        }
    }

    private async Task<PackedLayer?> CopyAsync(LiveSandbox sandbox, UnpackedImage below, ChangeFilter filter, string incoming, string blobs, CancellationToken cancellationToken)
    {
        await sandbox.Gate.WaitAsync(cancellationToken);
        try
        {
            RequireFiles(sandbox);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, sandbox.Ending.Token);
            using var lower = await LowerView.OpenAsync(below.Layers, incoming);
            using var upper = RootedDirectory.Open(sandbox.Root.Changes);
            await using var frozen = await freezing.FreezeAsync(sandbox);
            var owners = new SandboxOwners(sandbox.Range.First);
            var walk = new UpperWalk(upper.Top.Handle, lower, owners, filter, mustStand: true);
            var packing = Path.Combine(incoming, "layer.tar");
            var layer = await paces.WorkAsync(sandbox.Record.Spec.Owner, () => LayerPacking.Pack(walk.Changes(), owners, () => images.NewLayer(packing, either.Token)));
            if (layer is not null)
            {
                File.Move(packing, Path.Combine(blobs, layer.DiffId.Hex));
            }

            return layer;
        }
        catch (OperationCanceledException) when (sandbox.Ending.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new SandboxException(ErrorCode.Conflict, "The sandbox ended during the save. Nothing was saved.");
        }
        finally
        {
            sandbox.Gate.Release();
        }
    }

    private static void RequireFiles(LiveSandbox sandbox)
    {
        if (sandbox.Record.State is not (SandboxState.Running or SandboxState.Paused or SandboxState.Stopped) || sandbox.Ending.IsCancellationRequested)
        {
            throw new SandboxException(ErrorCode.Conflict, $"The sandbox is {LiveSandbox.Word(sandbox.Record.State)}; it has no files now.");
        }
    }

    private static ConfigChange Change(SandboxSpec recipe, SnapshotSpec spec) => new(
        recipe.Env.Where(variable => !spec.ExcludedVariables.Contains(variable.Key, StringComparer.Ordinal)).ToDictionary(StringComparer.Ordinal),
        recipe.Workdir,
        recipe.User);
}
