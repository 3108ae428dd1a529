using System.Globalization;

namespace Sandbox.Daemon.ControlGroups;

/// <summary>The memory of a control group and of those below it.</summary>
/// <param name="Held">Bytes without copies of files, which the kernel drops when it needs the memory.</param>
/// <param name="Unwritten">Bytes that programs have written and no disk has yet: a sparse disk image takes its room on the host only when they are.</param>
internal sealed record GroupMemory(long Held, long Unwritten)
{
    /// <summary>
    /// Reads memory.stat. In v1 the names that count the groups below begin with <c>total_</c>, and some are others.
    /// https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#stat-file
    /// </summary>
    internal static GroupMemory Parse(long usage, IEnumerable<string> lines)
    {
        // v2: inactive_file 4096        v1: inactive_file 0
        //     file_dirty 0                  total_inactive_file 4096
        //                                   total_dirty 0
        long cached = 0, unwritten = 0, cachedBelow = 0, unwrittenBelow = 0;
        var counts = false;
        foreach (var line in lines)
        {
            if (line.IndexOf(' ', StringComparison.Ordinal) is var space && space < 0)
            {
                continue;
            }

            var bytes = long.Parse(line.AsSpan(space + 1), CultureInfo.InvariantCulture);
            switch (line.AsSpan(0, space))
            {
                case "active_file" or "inactive_file":
                    cached += bytes;
                    break;
                case "file_dirty" or "file_writeback":
                    unwritten += bytes;
                    break;
                case "total_active_file" or "total_inactive_file":
                    cachedBelow += bytes;
                    counts = true;
                    break;
                case "total_dirty" or "total_writeback":
                    unwrittenBelow += bytes;
                    break;
            }
        }

        return counts ? new GroupMemory(Math.Max(0, usage - cachedBelow), unwrittenBelow) : new GroupMemory(Math.Max(0, usage - cached), unwritten);
    }
}
