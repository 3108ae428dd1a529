using System.Globalization;
using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Oci;

/// <summary>
/// A process that does nothing but own a new user namespace, mapped to a sandbox's uid range, and a network namespace
/// in it, until the sandbox's own init has joined both. The lower layers and the network can then be made ready
/// before the OCI runtime has begun. A .NET process cannot call <c>unshare(CLONE_NEWUSER)</c> itself: it has threads.
/// The kernel charges many objects (inotify instances, pending signals, message queues, locked memory, namespaces) to
/// the user who made their user namespace, with that user's limits. So the range's first user makes it: sandboxes
/// share no such limit with each other or with the host's root.
/// https://man7.org/linux/man-pages/man7/namespaces.7.html (/proc/sys/user) The holder reads a pipe of ours, so it ends
/// when this process ends for any reason.
/// </summary>
internal sealed class NamespaceHolder : IDisposable
{
    private static readonly string[] Kinds = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

    private readonly AnonymousPipeServerStream _lifeline;
    private readonly int _pid;

    private NamespaceHolder(int pid, AnonymousPipeServerStream lifeline, SafeFileHandle user)
    {
        _pid = pid;
        _lifeline = lifeline;
        User = user;
    }

    /// <summary>The user namespace, open.</summary>
    public SafeFileHandle User { get; }

    /// <summary>The user namespace as a path.</summary>
    public string UserPath => Namespace("user");

    /// <summary>The network namespace as a path.</summary>
    public string NetworkPath => Namespace("net");

    public static async Task<NamespaceHolder> StartAsync(UidRange range, ProcessWatch watch)
    {
        var lifeline = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.None);
        int pid;
        using (var stdin = new SafeFileHandle(lifeline.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false))
        using (var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            pid = UserThread.Run(range.First, () => Tool.Spawn("unshare", ["--user", "--net", "cat"], stdin, nothing, nothing));
            lifeline.DisposeLocalCopyOfClientHandle();
        }

        var ended = watch.WaitAsync(pid);
        try
        {
            var user = await UnsharedAsync(pid, ended);
            var map = string.Create(CultureInfo.InvariantCulture, $"0 {range.First} {UidRange.Length}");
            File.WriteAllText($"/proc/{pid}/uid_map", map);
            File.WriteAllText($"/proc/{pid}/gid_map", map);
            return new NamespaceHolder(pid, lifeline, user);
        }
        catch
        {
            await lifeline.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Limits the namespaces of each kind that the sandbox's root, and users of namespaces below, may make at once. Raising
    /// the limit takes <c>CAP_SYS_RESOURCE</c>, which no sandbox has.
    /// </summary>
    public async Task LimitNamespacesAsync(int most, Tool tool)
    {
        // Each user namespace sees its own limits in these files; so a process inside has to write them.
        var script = string.Join(" && ", Kinds.Select(kind => string.Create(CultureInfo.InvariantCulture, $"echo {most} > /proc/sys/user/max_{kind}_namespaces")));
        await tool.RunOrThrowAsync("nsenter", ["--user=" + UserPath, "sh", "-c", script]);
    }

    public void Dispose()
    {
        User.Dispose();
        _lifeline.Dispose(); // it reads this to its end, and ends
    }

    /// <summary>Polls until the child has left our user namespace, for 1 to 2 ms: the kernel reports no such event.</summary>
    private static async Task<SafeFileHandle> UnsharedAsync(int pid, Task<int?> ended)
    {
        var ours = new FileInfo("/proc/self/ns/user").LinkTarget;
        var path = $"/proc/{pid}/ns/user";
        for (var attempt = 0; attempt < 20_000 && !ended.IsCompleted; attempt++)
        {
            var theirs = new FileInfo(path).LinkTarget;
            if (theirs is not null && !string.Equals(theirs, ours, StringComparison.Ordinal))
            {
                return File.OpenHandle(path);
            }

            if (attempt < 50)
            {
                Thread.Sleep(TimeSpan.FromMicroseconds(100));
            }
            else
            {
                await Task.Delay(1);
            }
        }

        throw new IOException("unshare did not make a user namespace: are user namespaces allowed on this host?");
    }

    private string Namespace(string kind) => string.Create(CultureInfo.InvariantCulture, $"/proc/{_pid}/ns/{kind}");
}
