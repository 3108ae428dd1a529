using System.Diagnostics;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Snapshots;
using Xunit;

namespace Sandbox.Daemon.Tests.Snapshots;

/// <summary>A real overlay on a real file system of its own, as a sandbox has it, with an image of one or two layers below.</summary>
internal sealed class OverlayUnderTest : IDisposable
{
    private readonly string _base = Directory.CreateTempSubdirectory("snapshots-").FullName;
    private readonly List<string> _mounts = [];
    private readonly List<string> _lowers = [];
    private int _packed;

    public OverlayUnderTest(params string[] layers)
    {
        Run(_base, "mkdir root disk; truncate -s 256M image; mkfs.ext4 -q -I 256 -O ^has_journal image; mount -o loop,nodelalloc image disk; mkdir disk/files disk/work");
        _mounts.Add(Path.Combine(_base, "disk"));
        foreach (var script in layers)
        {
            var lower = Directory.CreateDirectory(Path.Combine(_base, $"lower{_lowers.Count}")).FullName;
            _lowers.Insert(0, lower);
            Run(lower, script);
        }

        Mount(Root, Upper, Path.Combine(_base, "disk", "work"));
    }

    public string Root => Path.Combine(_base, "root");

    public string Upper => Path.Combine(_base, "disk", "files");

    /// <summary>The filter of the last pack.</summary>
    public ChangeFilter Filter { get; private set; } = new([], []);

    /// <summary>Runs a shell script in the overlay; names that .NET cannot write are made this way.</summary>
    public OverlayUnderTest Change(string script)
    {
        Run(Root, script);
        return this;
    }

    /// <summary>Packs what was changed.</summary>
    /// <returns>The layer's file and digest, or null.</returns>
    public async Task<(string File, Digest DiffId)?> PackAsync(
        IReadOnlyList<string>? excluded = null, IReadOnlyList<(string Path, string Text)>? given = null, long most = 1L << 30, CancellationToken cancellationToken = default)
    {
        var work = Directory.CreateDirectory(Path.Combine(_base, $"pack{_packed++}")).FullName;
        var file = Path.Combine(work, "layer.tar");
        var (walk, owners, lower, upper) = await WalkAsync(work, excluded ?? [], given ?? [], mustStand: true);
        using (lower)
        using (upper)
        {
            var layer = LayerPacking.Pack(walk.Changes(), owners, () => new LayerBlobWriting(file, most, new DiskReserve(_base), cancellationToken));
            return layer is null ? null : (file, layer.DiffId);
        }
    }

    /// <summary>Begins a walk of the changes.</summary>
    public async Task<(UpperWalk Walk, SandboxOwners Owners, LowerView Lower, RootedDirectory Upper)> WalkAsync(
        string work, IReadOnlyList<string> excluded, IReadOnlyList<(string Path, string Text)> given, bool mustStand)
    {
        var lower = await LowerView.OpenAsync(_lowers, work);
        var upper = RootedDirectory.Open(Upper);
        var owners = new SandboxOwners(0);
        Filter = new ChangeFilter([.. excluded.Select(At)], [.. given.Select(file => (At(file.Path), file.Text))]);
        return (new UpperWalk(upper.Top.Handle, lower, owners, Filter, mustStand), owners, lower, upper);
    }

    /// <summary>Unpacks a layer over the same image, as a sandbox started from it would see it.</summary>
    public string Launch(string file)
    {
        var name = Path.GetRandomFileName();
        var layer = Directory.CreateDirectory(Path.Combine(_base, "unpacked" + name)).FullName;
        Run(layer, "chmod 755 .");
        var budget = new UnpackBudget(4L << 30, new DiskReserve(_base));
        using (var tar = LayerBlob.Open(file, budget, CancellationToken.None))
        {
            var notes = new ImportNotes();
            LayerUnpacking.Unpack(tar, layer, budget, notes);
            Assert.Empty(notes.Sentences);
        }

        var root = Directory.CreateDirectory(Path.Combine(_base, "launched" + name)).FullName;
        Process("mount", "-t", "overlay", "-o", $"ro,lowerdir={string.Join(':', [layer, .. _lowers])}", "overlay", root);
        _mounts.Add(root);
        return root;
    }

    /// <summary>The names in a tar, as the host's own program lists them.</summary>
    public static IReadOnlyList<string> Names(string file) =>
        Process("tar", "-tf", file, "--quoting-style=escape").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static SandboxPath At(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new ArgumentException(text, nameof(text));

    public void Dispose()
    {
        for (var i = _mounts.Count - 1; i >= 0; i--)
        {
            Process("umount", "-l", _mounts[i]);
        }

        Process("rm", "-rf", "--one-file-system", "--", _base);
    }

    private void Mount(string root, string upper, string work)
    {
        Process("mount", "-t", "overlay", "-o", $"lowerdir={string.Join(':', _lowers)},upperdir={upper},workdir={work},redirect_dir=off,metacopy=off,index=off", "overlay", root);
        _mounts.Add(root);
    }

    private static void Run(string directory, string script) => Process("/bin/sh", "-ec", $"cd '{directory}'; {script}");

    private static string Process(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        var complaint = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {process.ExitCode}: {complaint.Result}");
        return output;
    }
}
