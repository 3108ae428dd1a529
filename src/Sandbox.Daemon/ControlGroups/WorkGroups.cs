using System.Globalization;
using Sandbox.Core.People;

namespace Sandbox.Daemon.ControlGroups;

/// <summary>
/// A control group per person for the host's programs that work for them: the holders of their terminals, and the
/// runtimes that start their commands. Each person's have one share of the CPU, however many they are, and they are not in
/// the group of the person's sandboxes, where a busy sandbox would delay its own Ctrl-C.
/// https://docs.kernel.org/scheduler/sched-design-CFS.html#group-scheduler-extensions-to-cfs
/// </summary>
internal sealed partial class WorkGroups(DaemonOptions options, ILogger<WorkGroups> logger)
{
    private const string Mount = "/sys/fs/cgroup";

    private static readonly bool Unified = File.Exists(Mount + "/cgroup.controllers");

    private string Top => $"{(Unified ? Mount : Mount + "/cpu")}/{options.Instance}-work";

    /// <summary>Makes the group of a person; it may be there.</summary>
    public void Make(PersonId owner)
    {
        try
        {
            Directory.CreateDirectory(Top);
            if (Unified)
            {
                File.WriteAllText(Top + "/cgroup.subtree_control", "+cpu");
            }

            Directory.CreateDirectory(PathOf(owner));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            LogNotMade(logger, PathOf(owner), fault.Message); // its programs then have a share each
        }
    }

    /// <summary>
    /// Moves a program into the group of the person it works for. What it starts before that stays outside. Waits for the
    /// kernel on a thread of the pool, so begin this beside other work (see <see cref="ProcessMoves"/>).
    /// </summary>
    public Task EnterAsync(PersonId owner, int pid) => Task.Run(() =>
    {
        try
        {
            File.WriteAllText(PathOf(owner) + "/cgroup.procs", pid.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It has ended already, or the host has no such groups.
        }
    });

    /// <summary>Removes the group of a person whose last program may be ending at this moment.</summary>
    public async Task RemoveAsync(PersonId owner)
    {
        for (var attempt = 0; attempt < 1000 && Directory.Exists(PathOf(owner)) && ControlGroupTree.RemoveDirectory(PathOf(owner)) != 0; attempt++)
        {
            await Task.Delay(10);
        }
    }

    /// <summary>Removes the groups that nothing runs in.</summary>
    public void RemoveEmpty()
    {
        foreach (var group in Directory.Exists(Top) ? Directory.GetDirectories(Top) : [])
        {
            _ = ControlGroupTree.RemoveDirectory(group);
        }

        _ = ControlGroupTree.RemoveDirectory(Top);
    }

    private string PathOf(PersonId owner) => $"{Top}/{owner}";

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Group} could not be made: {Why}")]
    private static partial void LogNotMade(ILogger logger, string group, string why);
}
