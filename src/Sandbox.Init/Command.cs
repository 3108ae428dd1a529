using System.Runtime.InteropServices;
using System.Text;

namespace Sandbox.Init;

/// <summary>Starts the image's command.</summary>
internal static unsafe class Command
{
    /// <summary>
    /// Starts it as the leader of a session that has this process's standard input as its terminal, with the variables
    /// and the directory of this process. Its program is looked up in PATH.
    /// </summary>
    /// <returns>0, or the errno of what failed.</returns>
    public static int Start(ReadOnlySpan<string> words, out int pid)
    {
        var actions = stackalloc ulong[16];
        var attributes = stackalloc ulong[64];
        var signals = stackalloc ulong[16];
        _ = Native.ActionsInit(actions);
        _ = Native.AttributesInit(attributes);

        // A session leader without a terminal gets the first one that it opens. tty_ioctl(4)
        // Descriptor 0 is closed before it is opened again, so the terminal is named by its neighbour.
        _ = Native.ActionsOpen(actions, 0, "/proc/self/fd/1", Native.ReadWrite, 0);
        _ = Native.ActionsDuplicate(actions, 0, 1);
        _ = Native.ActionsDuplicate(actions, 0, 2);
        new Span<ulong>(signals, 16).Clear();
        _ = Native.AttributesMask(attributes, signals);
        new Span<ulong>(signals, 16).Fill(ulong.MaxValue);
        _ = Native.AttributesDefaults(attributes, signals);
        _ = Native.AttributesFlags(attributes, Native.SpawnSession | Native.SpawnSignalDefaults | Native.SpawnSignalMask);

        var arguments = Arguments(words);
        int started;
        var error = Native.Spawn(&started, arguments[0], actions, attributes, arguments, Variables());
        pid = error == 0 ? started : 0;
        return error;
    }

    /// <summary>Words as a program gets them.</summary>
    public static byte** Arguments(ReadOnlySpan<string> words)
    {
        var arguments = (byte**)NativeMemory.Alloc((nuint)(words.Length + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < words.Length; i++)
        {
            arguments[i] = Text(words[i]);
        }

        arguments[words.Length] = null;
        return arguments;
    }

    /// <summary>The variables as this process got them: any bytes, in their order.</summary>
    public static byte** Variables()
    {
        var bytes = ReadAll("/proc/self/environ");
        var count = bytes.AsSpan().Count((byte)0);
        var start = (byte*)NativeMemory.Alloc((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(start, bytes.Length));
        var lines = (byte**)NativeMemory.Alloc((nuint)(count + 1), (nuint)sizeof(byte*));
        var position = 0;
        for (var i = 0; i < count; i++)
        {
            lines[i] = start + position;
            position += bytes.AsSpan(position).IndexOf((byte)0) + 1;
        }

        lines[count] = null;
        return lines;
    }

    public static byte[] ReadAll(string path)
    {
        var fd = Native.Open(path, Native.ReadOnly | Native.CloseOnExec, 0);
        var buffer = new byte[16 * 1024];
        var length = 0;
        while (fd >= 0)
        {
            fixed (byte* start = buffer)
            {
                var read = Native.Read(fd, start + length, (nuint)(buffer.Length - length));
                if (read <= 0)
                {
                    break;
                }

                length += (int)read;
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, 2 * length);
            }
        }

        _ = fd < 0 ? 0 : Native.Close(fd);
        return buffer[..length];
    }

    private static byte* Text(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        var bytes = (byte*)NativeMemory.Alloc((nuint)length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>(bytes, length));
        bytes[length] = 0;
        return bytes;
    }
}
