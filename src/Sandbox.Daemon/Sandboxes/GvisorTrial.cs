using System.Globalization;
using System.Text;
using Sandbox.Core.People;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Execs;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Oci;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Starts a kernel as each sandbox of the class <c>gvisor</c> has one, and a program on it, then ends it: a version of
/// <c>runsc</c> that runs does not mean that this host lets it start anything. A daemon that is killed during the trial leaves
/// the kernel; the next one ends it, as it does with each sandbox that it does not know.
/// </summary>
internal sealed class GvisorTrial(
    DaemonOptions options, UidRanges ranges, ControlGroupTree groups, KernelGroups own, OciRuntimes runtimes, PlaygroundNetworks networks, ProcessWatch watch)
{
    private static readonly SandboxLimits Limits = new(1, 256L << 20, 16, 1L << 20, 100);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Returns what the program said of its kernel.</summary>
    /// <exception cref="IOException">It did not run; the message says how far it came.</exception>
    public async Task<string> RunAsync()
    {
        var (owner, id) = (PersonId.New(), SandboxId.New());
        var range = ranges.Reserve();
        var root = Path.Combine(options.RunDirectory, "trial");
        var pid = 0;
        try
        {
            if (Directory.Exists(root))
            {
                Directory.Delete(root, recursive: true); // of a daemon that was killed
            }

            foreach (var directory in (ReadOnlySpan<string>)["", "proc", "dev", "sys", "tmp"])
            {
                var made = Path.Combine(root, directory);
                Directory.CreateDirectory(made);
                File.SetUnixFileMode(made, (UnixFileMode)0b111_101_101);
                Mounting.Chown(made, range.First, range.First); // the runtime makes there what it mounts on
            }

            var isolation = IsolationClasses.Gvisor;
            var tasks = isolation.Tasks(Limits);
            groups.SetOwner(owner, Limits, tasks);
            using var holder = await NamespaceHolder.StartAsync(range, watch);
            await networks.AttachLoopbackAsync(holder.NetworkPath);
            var plan = new BundlePlan
            {
                Isolation = isolation,
                HostName = "trial",
                Root = root,
                Limits = Limits,
                ControlGroup = groups.PathOf(owner, id),
                UserNamespace = holder.UserPath,
                NetworkNamespace = holder.NetworkPath,
                Mounts = [SandboxBundle.OwnInitMount(options.InitProgram)],
                Init = new ProcessPlan([], [], "/", ProcessUser.Root),
            };
            pid = await runtimes.Gvisor.StartAsync(new GvisorStart(id, range, holder.UserPath, plan, own.Make(owner, id, Limits, tasks, reads: null)), watch);
            var printed = await PrintedInside.ReadAsync(runtimes.Gvisor.OwnCommand(id, SandboxBundle.PrintKernel), watch, null, CancellationToken.None, Patience);
            var version = Encoding.UTF8.GetString(printed.AsSpan(0, Math.Min(printed.Length, 200))).Trim();
            return version.StartsWith("Linux version ", StringComparison.Ordinal) && version != (await File.ReadAllTextAsync("/proc/version")).Trim()
                ? string.Join(' ', version.Split(' ').Take(3))
                : throw new IOException(string.Create(CultureInfo.InvariantCulture, $"The kernel started, and a program on it did not run in {Patience.TotalSeconds} seconds."));
        }
        finally
        {
            if (pid > 0)
            {
                _ = Tool.Kill(pid, 9);
                _ = await watch.WaitAsync(pid);
            }

            await groups.KillAsync(owner, id);
            await runtimes.Gvisor.DeleteAsync(id);
            own.Remove(owner, id);
            await groups.RemoveOwnerAsync(owner);
            ranges.Release(range);
            Directory.Delete(root, recursive: true);
        }
    }
}
