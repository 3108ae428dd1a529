using System.Globalization;
using System.Text;
using Sandbox.Tty.Linux;

namespace Sandbox.Tty;

/// <summary>The one line for this program's starter. After it the three standard descriptors are /dev/null.</summary>
internal static unsafe class Report
{
    private const int LongestMessage = 400;

    public static void Started(int pid) => Say(string.Create(CultureInfo.InvariantCulture, $"ok {pid}\n"));

    public static void Failed(string code, string message)
    {
        var line = new StringBuilder("failed ").Append(code).Append(' ');
        foreach (var c in message.AsSpan(0, Math.Min(message.Length, LongestMessage)))
        {
            line.Append(char.IsControl(c) ? ' ' : c);
        }

        Say(line.Append('\n').ToString());
    }

    private static void Say(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        fixed (byte* start = bytes)
        {
            _ = Native.Write(1, start, (nuint)bytes.Length);
        }

        var nowhere = Native.Open("/dev/null", Native.OpenReadWrite | Native.OpenCloexec, 0);
        for (var fd = 0; fd <= 2; fd++)
        {
            _ = nowhere < 0 ? Native.Close(fd) : Native.Dup2(nowhere, fd);
        }

        if (nowhere > 2)
        {
            _ = Native.Close(nowhere);
        }
    }
}
