using System.Globalization;
using System.Text;

namespace Sandbox.Init;

/// <summary>Prints what the host cannot see of a sandbox with a kernel of its own.</summary>
internal static unsafe class Print
{
    private const int Output = 1;

    /// <summary>Files, one after another.</summary>
    public static int Files(params ReadOnlySpan<string> paths)
    {
        foreach (var path in paths)
        {
            _ = Write(Command.ReadAll(path));
        }

        return 0;
    }

    /// <summary>
    /// The directories of processes, in lines of a number and a path that end with a zero byte: a path may have any other. (This kernel
    /// does not say which program is in front on a terminal.)
    /// </summary>
    public static int Directories(ReadOnlySpan<string> processes)
    {
        foreach (var text in processes)
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                && Directory(process) is { Length: > 0 } path)
            {
                _ = Write([.. Encoding.ASCII.GetBytes(text), (byte)' ', .. path, 0]);
            }
        }

        return 0;
    }

    private static byte[] Directory(int process)
    {
        var buffer = new byte[4096];
        fixed (byte* start = buffer)
        {
            var length = Native.ReadLink(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/cwd"), start, (nuint)buffer.Length);
            return length > 0 ? buffer[..(int)length] : [];
        }
    }

    private static bool Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (nint done = 0; done < bytes.Length;)
            {
                var written = Native.Write(Output, start + done, (nuint)(bytes.Length - done));
                if (written <= 0)
                {
                    return false;
                }

                done += written;
            }
        }

        return true;
    }
}
