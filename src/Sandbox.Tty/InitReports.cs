using System.Globalization;
using System.Text;
using Sandbox.Tty.Linux;

namespace Sandbox.Tty;

/// <summary>
/// Reports of a sandbox's init about the command it started, one line each.
/// <code>
/// started 2
/// exit 130
/// </code>
/// Programs in the sandbox cannot write here, but root in it may trace its init: a report decides about nothing but the
/// sandbox itself.
/// </summary>
internal sealed unsafe class InitReports(int file)
{
    private const int Longest = 256;

    private readonly byte[] _line = new byte[Longest];
    private int _length;

    public int File => file;

    /// <summary>Whether the command was started.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>How the command ended; null while it runs.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>Reads what there is. False when no more comes: the sandbox has ended.</summary>
    public bool Read()
    {
        while (true)
        {
            nint read;
            fixed (byte* line = _line)
            {
                read = Native.Read(file, line + _length, (nuint)(Longest - _length));
            }

            if (read <= 0)
            {
                return read < 0 && Native.Error is Native.Eagain or Native.Eintr;
            }

            _length += (int)read;
            while (Array.IndexOf(_line, (byte)'\n', 0, _length) is >= 0 and var end)
            {
                Take(Encoding.ASCII.GetString(_line, 0, end));
                _length -= end + 1;
                Array.Copy(_line, end + 1, _line, 0, _length);
            }

            _length = _length == Longest ? 0 : _length;
        }
    }

    private void Take(string line)
    {
        if (line.StartsWith("started ", StringComparison.Ordinal))
        {
            HasStarted = true;
        }
        else if (line.StartsWith("exit ", StringComparison.Ordinal) && byte.TryParse(line.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
        {
            ExitCode ??= code;
        }
    }
}
