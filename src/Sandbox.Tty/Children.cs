using System.Buffers.Text;
using System.Globalization;
using Sandbox.Tty.Linux;

namespace Sandbox.Tty;

/// <summary>The children of a process, from /proc. proc_pid_task_children(5)</summary>
internal static unsafe class Children
{
    private const int Enough = 64;

    /// <summary>The oldest child of a process's first thread; null if it has none, or is gone.</summary>
    public static int? FirstOf(int pid)
    {
        var file = Native.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task/{pid}/children"), Native.OpenCloexec, 0);
        if (file < 0)
        {
            return null;
        }

        var buffer = stackalloc byte[Enough];
        var length = Native.Read(file, buffer, Enough);
        _ = Native.Close(file);
        return Utf8Parser.TryParse(new ReadOnlySpan<byte>(buffer, (int)Math.Max(0, length)), out int child, out _) ? child : null;
    }
}
