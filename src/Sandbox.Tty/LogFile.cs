using Sandbox.Terminals.Flow;
using Sandbox.Tty.Linux;

namespace Sandbox.Tty;

/// <summary>The kept output of an image's own command, or of a detached one; see <see cref="TtyLog"/>.</summary>
internal sealed unsafe class LogFile
{
    private readonly int _file;
    private TtyLogState _state;

    private LogFile(int file) => _file = file;

    /// <summary>Creates the file. It stays open: its owner is root, and this program does not remain that.</summary>
    public static LogFile Create(string path)
    {
        var file = Native.Open(path, Native.OpenReadWrite | Native.OpenCreate | Native.OpenTruncate | Native.OpenCloexec, 0x180);
        if (file < 0)
        {
            throw StartFailure.Call("open");
        }

        var log = new LogFile(file);
        log.WriteHeader();
        return log;
    }

    /// <summary>Appends output. A full run directory loses it, and nothing else.</summary>
    public void Append(byte* bytes, int count)
    {
        for (var done = 0; done < count;)
        {
            var position = TtyLog.PositionOf(_state.End);
            var piece = (int)Math.Min(count - done, TtyLog.HeaderLength + TtyLog.Kept - position);
            _ = Native.WriteAt(_file, bytes + done, (nuint)piece, position);
            done += piece;
            _state = _state with { End = _state.End + (ulong)piece };
        }

        WriteHeader();
    }

    public void Started(int pid)
    {
        _state = _state with { Pid = pid };
        WriteHeader();
    }

    public void Ended(int code)
    {
        _state = _state with { ExitCode = code };
        WriteHeader();
    }

    public void Mark(TtyLogUses uses)
    {
        if ((_state.Uses & uses) != uses)
        {
            _state = _state with { Uses = _state.Uses | uses };
            WriteHeader();
        }
    }

    private void WriteHeader()
    {
        var header = stackalloc byte[TtyLog.HeaderLength];
        TtyLog.Write(new Span<byte>(header, TtyLog.HeaderLength), _state);
        _ = Native.WriteAt(_file, header, TtyLog.HeaderLength, 0);
    }
}
