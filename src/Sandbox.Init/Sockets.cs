namespace Sandbox.Init;

/// <summary>TCP of a sandbox whose sockets the host does not see.</summary>
internal static unsafe class Sockets
{
    private const int Output = 1;

    /// <summary>Prints the tables of sockets.</summary>
    public static int List()
    {
        foreach (var table in (ReadOnlySpan<string>)["/proc/net/tcp", "/proc/net/tcp6"])
        {
            var text = Command.ReadAll(table);
            fixed (byte* start = text)
            {
                _ = WriteAll(Output, start, text.Length);
            }
        }

        return 0;
    }

    private static bool WriteAll(int fd, byte* start, nint count)
    {
        while (count > 0)
        {
            var written = Native.Write(fd, start, (nuint)count);
            if (written <= 0)
            {
                return false;
            }

            start += written;
            count -= written;
        }

        return true;
    }
}
