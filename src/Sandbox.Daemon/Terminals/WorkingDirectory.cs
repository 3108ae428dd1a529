using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Files;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Terminals;

/// <summary>
/// The working directory of a terminal's foreground program, from /proc: it does not depend on the shell. A program
/// chooses the path freely, so the path counts only if it leads to that very directory in the sandbox's root: not in
/// another mount namespace, on another mount, or removed. proc(5)
/// </summary>
internal static class WorkingDirectory
{
    /// <summary>The directory of the foreground process, else of the shell; null if neither is among the sandbox's files.</summary>
    /// <param name="program">The program that the terminal was opened with; null or 0 if it is not known.</param>
    /// <param name="root">The root of the sandbox, as the host sees it.</param>
    public static SandboxPath? InFront(int? program, string root)
    {
        if (program is not (> 0 and var shell))
        {
            return null;
        }

        try
        {
            using var rooted = RootedDirectory.Open(root);
            return (Foreground(shell) is { } front && front != shell ? Of(front, rooted) : null) ?? Of(shell, rooted);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null; // it ended meanwhile
        }
    }

    /// <summary>The holder's one child: the command that the terminal was opened with.</summary>
    public static int? ChildOf(int holder)
    {
        try
        {
            foreach (var thread in Directory.GetDirectories($"/proc/{Text(holder)}/task"))
            {
                var children = File.ReadAllText(thread + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (children.Length > 0)
                {
                    return int.Parse(children[0], CultureInfo.InvariantCulture);
                }
            }
        }
        catch (IOException)
        {
            // It ended meanwhile.
        }

        return null;
    }

    /// <summary>
    /// The foreground process group: the sixth field after the name, which may contain anything, parentheses too.
    /// <code>4711 (ba) sh) S 4710 4711 4711 34816 4720 4194304 …</code>
    /// </summary>
    private static int? Foreground(int shell)
    {
        var status = File.ReadAllText($"/proc/{Text(shell)}/stat");
        var fields = status[(status.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 5 && int.TryParse(fields[5], NumberStyles.None, CultureInfo.InvariantCulture, out var group) && group > 1 ? group : null;
    }

    private static SandboxPath? Of(int process, RootedDirectory root)
    {
        try
        {
            using var directory = new SafeFileHandle(
                (nint)PosixException.Check(
                    NativeFiles.OpenAt(
                        NativeFiles.AtFdCwd,
                        [.. System.Text.Encoding.ASCII.GetBytes($"/proc/{Text(process)}/cwd"), 0],
                        NativeFiles.PathOnly | NativeFiles.Directory | NativeFiles.CloseOnExec,
                        0),
                    "open"),
                ownsHandle: true);
            if (!SandboxPath.TryParse(directory.KernelPath(), out var path))
            {
                return null;
            }

            using var found = root.OpenInode(path.Bytes, followLast: false);
            return found.Identity() == directory.Identity() ? path : null;
        }
        catch (PosixException)
        {
            return null;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
