using System.Text;

namespace Sandbox.Init;

/// <summary>Lines for the holder of the terminal, and for the person at it.</summary>
internal static unsafe class Report
{
    private const int MostDescriptors = 16;

    public static void Say(int fd, string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        fixed (byte* start = bytes)
        {
            _ = Native.Write(fd, start, (nuint)bytes.Length);
        }
    }

    /// <summary>Why a program could not be started, in the words of a shell.</summary>
    public static string Reason(int error) => error switch
    {
        Native.NoSuchFile => "No such file or directory",
        Native.NoPermission => "Permission denied",
        Native.BadFormat => "Exec format error: it is no program for this processor, or a script without #!",
        Native.TooLong => "Argument list too long",
        Native.NoMemory => "Cannot allocate memory",
        Native.TryAgain => "Too many processes",
        _ => $"It cannot be started (errno {error})",
    };

    /// <summary>Closes everything but the report, and leaves the directory that the command started in.</summary>
    public static void LeaveTerminal(int report)
    {
        var nowhere = Native.Open("/dev/null", Native.ReadWrite | Native.CloseOnExec, 0);
        for (var fd = 0; fd <= 2; fd++)
        {
            _ = nowhere < 0 ? Native.Close(fd) : Native.Duplicate(nowhere, fd);
        }

        for (var fd = 3; fd < MostDescriptors; fd++)
        {
            _ = fd == report ? 0 : Native.Close(fd);
        }

        _ = Native.ChangeDirectory("/");
    }
}
