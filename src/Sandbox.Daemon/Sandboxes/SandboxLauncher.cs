using System.Diagnostics;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Recipes;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Files;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;
using Sandbox.Daemon.RootFileSystems;
using Sandbox.Daemon.Terminals;
using Sandbox.Daemon.Volumes;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Builds one sandbox and takes it apart. Independent steps run in parallel: the namespaces, the disk and the person's
/// control group; then the network beside the files. The init of an interactive image starts without waiting for the
/// network; that of a service waits.
/// </summary>
internal sealed partial class SandboxLauncher(
    LiveSandboxes sandboxes,
    SandboxRecords records,
    OciRuntimes runtimes,
    CompiledFilters filters,
    ControlGroupTree groups,
    SandboxKernels kernels,
    ProcessMoves moves,
    EmptyMounts empty,
    DiskImages disks,
    PlaygroundNetworks networks,
    UidRanges ranges,
    GivenFiles given,
    ShellScripts shells,
    TerminalHolders terminals,
    VolumeStore volumes,
    VolumeHolders holders,
    GracefulEnds ends,
    KeptLogs logs,
    DaemonOptions options,
    ProcessWatch watch,
    Tool tool,
    ILogger<SandboxLauncher> logger)
{
    /// <summary>Builds and starts a new sandbox. If this fails, the caller takes it apart.</summary>
    public async Task<LaunchReport> LaunchAsync(LiveSandbox sandbox)
    {
        var clock = Stopwatch.GetTimestamp();
        var spec = sandbox.Record.Spec;
        var image = sandbox.Image ?? throw new InvalidOperationException("no image is held");
        records.Save(sandbox.Record);

        var disk = Task.Run(() => sandbox.Root.PrepareAsync(disks, spec.Limits.DiskBytes, spec.Limits.Inodes));
        var holding = NamespaceHolder.StartAsync(sandbox.Range, watch);
        var network = Task.CompletedTask;
        try
        {
            groups.SetOwner(spec.Owner, spec.OwnerLimits, SandboxKernels.TasksOf(sandbox.Record));
            moves.Expect(); // after the group was made: until the move is done, the kernel makes no other
            using var holder = await holding;
            var held = Stopwatch.GetElapsedTime(clock);
            network = AttachAsync(sandbox.Record, holder);
            await disk;
            var prepared = Stopwatch.GetElapsedTime(clock);
            await sandbox.Root.MountAsync(image.Layers, sandbox.Range, holder.User);
            var user = await WriteFilesAsync(sandbox);
            sandbox.Record = sandbox.Record with { User = user };
            await AttachVolumesAsync(sandbox, holder);
            var filled = Stopwatch.GetElapsedTime(clock);
            var config = sandbox.Record.Config;
            if (!config.IsInteractive || IsolationClasses.Find(sandbox.Record.Isolation).HasOwnKernel)
            {
                await network; // a server that starts without a network may give up, and another kernel takes over what it finds
            }

            await RunAsync(sandbox, holder);
            var started = Stopwatch.GetElapsedTime(clock);
            await network;
            records.Save(sandbox.Record);
            var report = new LaunchReport(held, prepared, filled, started, Stopwatch.GetElapsedTime(clock));
            LogLaunched(logger, spec.Id, report.Namespaces, report.Disk, report.Files, report.Init, report.Total);
            return report;
        }
        catch
        {
            // Lets the parallel steps finish, so that taking the sandbox apart misses nothing.
            await Task.WhenAny(Task.WhenAll(disk, network));
            if (!holding.IsCompletedSuccessfully)
            {
                await Task.WhenAny(holding);
            }

            throw;
        }
    }

    /// <summary>Starts a stopped sandbox again, over the files it has.</summary>
    public async Task StartAgainAsync(LiveSandbox sandbox)
    {
        var spec = sandbox.Record.Spec;
        groups.SetOwner(spec.Owner, spec.OwnerLimits, SandboxKernels.TasksOf(sandbox.Record));
        using var holder = await NamespaceHolder.StartAsync(sandbox.Range, watch);
        await AttachAsync(sandbox.Record, holder);
        logs.MarkStart(sandbox.Record);
        await RunAsync(sandbox, holder);
        records.Save(sandbox.Record);
    }

    /// <summary>Asks all processes to end, kills those that are left after the grace period, and waits until they are gone.</summary>
    public async Task KillAsync(LiveSandbox sandbox, TimeSpan grace)
    {
        var record = sandbox.Record;
        if (record.State == SandboxState.Paused)
        {
            try
            {
                await runtimes.Of(record.Isolation).ResumeAsync(sandbox.Id); // frozen processes can neither end nor be killed
            }
            catch (IOException fault)
            {
                LogNotThawed(logger, fault, sandbox.Id); // its init ended meanwhile; the stop goes on
            }
        }

        if (grace > TimeSpan.Zero && IsAlive(record))
        {
            await ends.AskAsync(sandbox, grace);
        }

        if (IsAlive(record))
        {
            _ = Tool.Kill(record.Pid, 9); // with its init the kernel kills the whole pid namespace
            await sandbox.InitEnded;
        }

        await groups.KillAsync(record.Spec.Owner, sandbox.Id);
    }

    /// <summary>Releases everything that only a running sandbox needs. Its files stay.</summary>
    public async Task HaltAsync(LiveSandbox sandbox)
    {
        var record = sandbox.Record;
        await terminals.CloseAllAsync(sandbox.Id, () => logs.Keep(record));
        await runtimes.Of(sandbox.Record.Isolation).DeleteAsync(sandbox.Id);
        if (IsolationClasses.Find(record.Isolation).HasOwnKernel)
        {
            kernels.Remove(sandbox);
        }

        if (record.HasLink)
        {
            await networks.DetachAsync(record.Spec.Playground, sandbox.Id, record.Place);
        }
    }

    /// <summary>Removes everything but the record, also of a sandbox of which only a part exists.</summary>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="lastOfOwner">Whether the person's own control group goes too.</param>
    public async Task DestroyAsync(LiveSandbox sandbox, Func<bool> lastOfOwner)
    {
        var record = sandbox.Record;
        await KillAsync(sandbox, TimeSpan.Zero);
        await HaltAsync(sandbox);
        await sandbox.Gone.CancelAsync();
        await Task.Run(sandbox.Root.Remove);
        if (sandbox.HoldsVolumes)
        {
            sandbox.Volumes = [];
            await volumes.DetachAsync(sandbox.Id, record.Spec.Volumes, id => holders.IsHeldBeside(sandbox, id));
            sandbox.HoldsVolumes = false;
        }

        networks.Release(record.Spec.Playground, record.Place);
        ranges.Release(sandbox.Range);
        sandbox.Image?.Dispose();
        sandbox.Image = null;
        if (lastOfOwner())
        {
            await groups.RemoveOwnerAsync(record.Spec.Owner);
        }
    }

    /// <summary>Whether the init of a record is the process that has its pid now.</summary>
    public static bool IsAlive(SandboxRecord record) =>
        record.Pid > 0 && record.PidStartedAt != 0 && ProcessIdentity.StartedAt(record.Pid) == record.PidStartedAt;

    /// <summary>
    /// A sandbox without a network gets no link at all: no rule then has to hold, and no privilege in its namespace
    /// makes one, because the other end of a link needs the host's namespace.
    /// </summary>
    private Task AttachAsync(SandboxRecord record, NamespaceHolder holder) => record.HasLink
        ? networks.AttachAsync(record.Spec.Playground, record.Spec.Id, record.Place, holder.NetworkPath, CancellationToken.None)
        : networks.AttachLoopbackAsync(holder.NetworkPath);

    private async Task RunAsync(LiveSandbox sandbox, NamespaceHolder holder)
    {
        moves.Expect();
        var record = sandbox.Record with { Own = null, HasShellScripts = true };
        var spec = record.Spec;

        // A shell finds the databases that run already; a server has what its recipe gives it.
        var own = TerminalPlan.OfOwn(record.Config.IsInteractive ? sandboxes.WithDatabases(record) : record, sandbox.Root.Root);
        record = record with { Own = own is null ? null : TerminalId.New() };
        var isolation = IsolationClasses.Find(record.Isolation);
        if (isolation.MostNamespaces is { } most)
        {
            await holder.LimitNamespacesAsync(most, tool);
        }

        if (isolation.DelegatesControlGroup)
        {
            groups.Delegate(spec.Owner, spec.Id, sandbox.Range.First);
        }

        sandbox.Root.MakeOnDisk(isolation.DiskDirectories, sandbox.Range);
        var bundle = records.DirectoryOf(spec.Id);
        var plan = new BundlePlan
        {
            Isolation = isolation,
            CompiledFilter = filters.Of(isolation.Name),
            HostName = spec.Name,
            Root = sandbox.Root.Root,
            Limits = ControlGroupTree.Clamp(spec.Limits, spec.OwnerLimits),
            ReadRate = groups.ReadRateOf(spec.Limits, spec.OwnerLimits),
            ControlGroup = groups.PathOf(spec.Owner, spec.Id),
            UserNamespace = holder.UserPath,
            NetworkNamespace = holder.NetworkPath,
            Mounts =
            [
                new(shells.Directory, ShellScripts.Mounted, "bind", ["bind", "ro", "nosuid", "nodev", "noexec"]),
                .. spec.Volumes.Select((volume, index) => new SandboxMount(volumes.MountOf(spec.Id, index), volume.Path, "bind", ["bind", volume.ReadOnly ? "ro" : "rw", "nosuid", "nodev"])),
                .. isolation.DiskDirectories.Select(path => new SandboxMount(sandbox.Root.OnDisk(path), path, "bind", ["bind", "rw", "nodev"])),
                SandboxBundle.OwnInitMount(options.InitProgram),
            ],
            Init = own is null ? new ProcessPlan([], ProcessPlan.EnvironmentOf(record.Config, spec.Env, ProcessUser.Root, terminal: false), "/", ProcessUser.Root) : TerminalHolders.InitOf(record, own),
        };
        int pid;
        if (isolation.HasOwnKernel)
        {
            pid = await kernels.StartAsync(sandbox, record, holder, plan);
        }
        else
        {
            await File.WriteAllBytesAsync(System.IO.Path.Combine(bundle, "config.json"), SandboxBundle.Configuration(plan));
            await using var mounts = await LaunchMounts.MakeAsync(empty, [.. sandbox.Root.AllMounts, .. spec.Volumes.Select((_, index) => volumes.MountOf(spec.Id, index))]);
            pid = own is null ? await runtimes.Of(record.Isolation).RunAsync(spec.Id, bundle, watch, mounts.SpawnAsync) : await terminals.StartOwnAsync(record, own, bundle, mounts.SpawnAsync);
            filters.Learn(isolation.Name, spec.Id.Value);
        }

        sandbox.InitEnded = watch.WaitAsync(pid);
        sandbox.Record = record with
        {
            State = SandboxState.Running,
            Pid = pid,
            PidStartedAt = ProcessIdentity.StartedAt(pid),
            Address = record.HasLink ? networks.Address(record.Place) : null,
            ExitCode = null,
            Notice = null,
        };
        if (isolation.HasOwnKernel && own is not null)
        {
            await terminals.StartOwnInsideAsync(sandbox.Record, own);
        }
    }

    /// <summary>Writes the given files and those of the recipe, and looks up the user.</summary>
    private async Task<ProcessUser> WriteFilesAsync(LiveSandbox sandbox)
    {
        var spec = sandbox.Record.Spec;
        var root = sandbox.Root.Root;
        var owner = sandbox.Range.First;
        using var directory = RootedDirectory.Open(root);
        var before = directory.Find("/etc"u8, followLast: true)?.Modified;
        RemoveLink(directory, GivenFiles.ResolvConf); // often a link into systemd-resolved
        foreach (var (path, text) in given.Of(sandbox.Record))
        {
            await ReplaceAsync(root, owner, path, text);
        }

        if (before is { } modified)
        {
            // The given files are no change of the sandbox's own: without this, each snapshot would hold /etc with another time.
            using var etc = directory.OpenInode("/etc"u8, followLast: true);
            etc.SetModified(modified);
        }

        // A file may bring the user that the others belong to.
        foreach (var file in spec.Files.Where(file => Accounts.Files.Contains(file.Path)))
        {
            await WriteAsync(root, FileOwner.RootOf(owner), file);
        }

        var account = Accounts.Resolve(directory, spec.User ?? sandbox.Record.Config.User);
        foreach (var file in spec.Files.Where(file => !Accounts.Files.Contains(file.Path)))
        {
            await WriteAsync(root, FileOwner.Of(owner, account.Uid, account.Gid), file);
        }

        var workdir = spec.Workdir ?? sandbox.Record.Config.Workdir;
        if (RecipeRules.IsKernelDirectory(workdir))
        {
            throw new SandboxException(ErrorCode.Invalid, $"The image starts in '{workdir}', a directory of the kernel. Set another working directory.");
        }

        if (SandboxPath.TryParse(workdir, out var start) && start.Bytes.Length > 1)
        {
            using var parent = directory.OpenParent(start.Bytes, out var name, new Ownership(owner, owner, 0b111_101_101)); // as Docker makes them
            _ = parent.Find(name) is null && parent.EnsureDirectory(name, new Ownership(owner + account.Uid, owner + account.Gid, 0b111_101_101));
        }

        foreach (var volume in sandbox.Record.Config.Volumes.Where(volume => !RecipeRules.IsKernelDirectory(volume)))
        {
            MakeVolume(directory, owner, volume);
        }

        return new ProcessUser(account.Uid, account.Gid, account.AdditionalGids, account.Home, account.Name);
    }

    /// <summary>
    /// Mounts the volumes. A new one gets the owner and the mode of the image's directory at its path; where there is none, it is
    /// the sandbox's own user's.
    /// </summary>
    private async Task AttachVolumesAsync(LiveSandbox sandbox, NamespaceHolder holder)
    {
        var (spec, owner) = (sandbox.Record.Spec, sandbox.Range.First);
        for (var index = 0; index < spec.Volumes.Count; index++)
        {
            var volume = spec.Volumes[index];
            var path = SandboxPath.TryParse(volume.Path, out var parsed) ? parsed : SandboxPath.Root;
            InnerMounts.Refuse(sandbox, path);
            Ownership first;
            using (var root = RootedDirectory.Open(sandbox.Root.Root))
            {
                switch (root.Find(path.Bytes, followLast: true))
                {
                    case { Type: InodeType.Directory } present:
                        first = new Ownership(present.Uid - owner, present.Gid - owner, present.Mode);
                        break;
                    case null:
                        MakeVolume(root, owner, volume.Path);
                        first = new Ownership((uint)(sandbox.Record.User?.Uid ?? 0), (uint)(sandbox.Record.User?.Gid ?? 0), 0b111_101_101);
                        break;
                    default:
                        throw new SandboxException(ErrorCode.Invalid, $"The volume '{volume.Name}' cannot be mounted on {volume.Path}: that is a file of the image.");
                }
            }

            await volumes.AttachAsync(spec.Id, spec.Owner, volume, index, holder.User, first);
        }

        AdoptVolumes(sandbox);
    }

    /// <summary>Lets file calls reach the volumes of a sandbox, once they are mounted.</summary>
    public void AdoptVolumes(LiveSandbox sandbox) => sandbox.Volumes =
    [
        .. sandbox.Record.Spec.Volumes.Select((volume, index) => new FileTree(
            volumes.FilesOf(sandbox.Id, index),
            0,
            new SandboxUploads(Directory.CreateDirectory(Path.Combine(records.DirectoryOf(sandbox.Id), "uploads-" + volume.Id.Value)).FullName),
            volume)),
    ];

    /// <summary>A missing directory is root's, as in Docker's new volume; one that the image has stays as it is, and so does what is no directory.</summary>
    private static void MakeVolume(RootedDirectory root, uint owner, string volume)
    {
        try
        {
            using var made = SandboxPath.TryParse(volume, out var path) && path.Bytes.Length > 1
                ? root.OpenParent([.. path.Bytes, .. "/-"u8], out _, new Ownership(owner, owner, 0b111_101_101))
                : null;
        }
        catch (PosixException)
        {
            // A file of the image is in the way: the command will say more than a refused launch could.
        }
    }

    private static void RemoveLink(RootedDirectory root, SandboxPath path)
    {
        if (root.Find(path.Bytes, followLast: false) is { Type: InodeType.Symlink })
        {
            using var parent = root.OpenParent(path.Bytes, out var name);
            parent.Unlink(name);
        }
    }

    private static async Task WriteAsync(string root, FileOwner owner, RecipeFile file)
    {
        if (!SandboxPath.TryParse(file.Path, out var path))
        {
            throw new SandboxException(ErrorCode.Invalid, $"'{file.Path}' is not an absolute path.");
        }

        int? mode = file.Mode is null ? null : Convert.ToInt32(file.Mode, 8);
        await SandboxFiles.WriteAsync(root, owner, path, mode, Once(file.Content), CancellationToken.None);
    }

    private static async Task ReplaceAsync(string root, uint owner, SandboxPath path, string text)
    {
        await SandboxFiles.WriteAsync(root, FileOwner.RootOf(owner), path, 0b110_100_100, Once(Encoding.UTF8.GetBytes(text)), CancellationToken.None);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Once(ReadOnlyMemory<byte> content)
    {
        await Task.CompletedTask;
        yield return content;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sandbox} could not be thawed before its end")]
    private static partial void LogNotThawed(ILogger logger, Exception fault, SandboxId sandbox);

    [LoggerMessage(Level = LogLevel.Information, Message = "launched {Sandbox}: namespaces {Namespaces}, disk {Disk}, root and files {Files}, init {Init}, all {Total}")]
    private static partial void LogLaunched(ILogger logger, SandboxId sandbox, TimeSpan namespaces, TimeSpan disk, TimeSpan files, TimeSpan init, TimeSpan total);
}
