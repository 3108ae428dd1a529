using System.Diagnostics;
using Xunit;

namespace Sandbox.Daemon.Tests.Files;

/// <summary>
/// A sandbox's root and, beside it, a directory of the host with a secret that nothing in the root may reach.
/// </summary>
internal sealed class HostileTree : IDisposable
{
    private readonly string _base = Directory.CreateDirectory($"/dev/shm/sandbox-files-{Guid.NewGuid():N}").FullName;
    private readonly List<string> _mounts = [];

    public HostileTree()
    {
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(Outside);
        File.WriteAllText(Secret, "the host's own");
    }

    public string Root => Path.Combine(_base, "root");

    public string Outside => Path.Combine(_base, "outside");

    public string Secret => Path.Combine(Outside, "secret");

    public string At(string path) => Path.Combine(Root, path);

    /// <summary>Runs a shell script in the root; names that .NET cannot write are made this way.</summary>
    public void Run(string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-ec", script]) { WorkingDirectory = Root, UseShellExecute = false, RedirectStandardError = true })!;
        var complaint = shell.StandardError.ReadToEnd();
        shell.WaitForExit();
        Assert.True(shell.ExitCode == 0, $"{script}: {shell.ExitCode}: {complaint}");
    }

    /// <summary>Mounts a tmpfs of a size over the root.</summary>
    public void MountSmall(string options)
    {
        Run($"mount -t tmpfs -o {options} tmpfs '{Root}'");
        _mounts.Add(Root);
    }

    /// <summary>Mounts an overlay as sandboxes have it over the root: on ext4 in a file, with a layer below it.</summary>
    public void MountOverlay(string lowerScript)
    {
        var disk = Path.Combine(_base, "disk");
        var upper = Path.Combine(_base, "upper");
        var lower = Path.Combine(_base, "lower");
        Run($"truncate -s 16M '{disk}'; mkfs.ext4 -q '{disk}'; mkdir '{upper}' '{lower}'; mount -o loop '{disk}' '{upper}'");
        _mounts.Add(upper);
        Run($"mkdir '{upper}/files' '{upper}/work'; cd '{lower}'; {lowerScript}");
        Run($"mount -t overlay -o 'lowerdir={lower},upperdir={upper}/files,workdir={upper}/work' overlay '{Root}'");
        _mounts.Add(Root);
    }

    public void AssertOutsideUntouched()
    {
        Assert.Equal([Secret], Directory.GetFileSystemEntries(Outside));
        Assert.Equal("the host's own", File.ReadAllText(Secret));
    }

    public void Dispose()
    {
        for (var i = _mounts.Count - 1; i >= 0; i--)
        {
            using var unmount = Process.Start("umount", ["-l", _mounts[i]]);
            unmount.WaitForExit();
        }

        using var remove = Process.Start("rm", ["-rf", "--one-file-system", _base]);
        remove.WaitForExit();
    }
}
