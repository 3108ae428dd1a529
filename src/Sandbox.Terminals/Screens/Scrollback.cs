using System.Runtime.InteropServices;

namespace Sandbox.Terminals.Screens;

/// <summary>
/// The rows that went up out of the screen, as the bytes that print them: the newest, as many as one may want to scroll
/// back to and as fit.
/// </summary>
internal sealed class Scrollback
{
    public const int MostRows = 1000;
    private const int MostBytes = 192 * 1024;

    private readonly Entry[] _rows = new Entry[MostRows];
    private int _firstRow;
    private byte[] _bytes = [];
    private int _first;
    private int _end;

    public int Count { get; private set; }

    /// <summary>A row, 0 being the oldest.</summary>
    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            var row = _rows[(_firstRow + index) % MostRows];
            return _bytes.AsSpan(row.At, row.Length);
        }
    }

    public RowJoint JointOf(int index) => _rows[(_firstRow + index) % MostRows].Joint;

    public void Add(ReadOnlySpan<byte> row, RowJoint joint)
    {
        while (Count == MostRows || (Count > 0 && _end - _first + row.Length > MostBytes))
        {
            _first = _rows[_firstRow].At + _rows[_firstRow].Length;
            _firstRow = (_firstRow + 1) % MostRows;
            Count--;
        }

        if (_end + row.Length > _bytes.Length)
        {
            MakeRoom(row.Length);
        }

        row.CopyTo(_bytes.AsSpan(_end));
        _rows[(_firstRow + Count) % MostRows] = new Entry(_end, row.Length, joint);
        _end += row.Length;
        Count++;
    }

    public void Clear() => (Count, _firstRow, _first, _end) = (0, 0, 0, 0);

    // The rows lie in one piece: they move to the front, of twice the room at first and of the same room later.
    private void MakeRoom(int length)
    {
        var used = _end - _first;
        var bytes = _bytes.Length - used > _bytes.Length / 4 && _bytes.Length >= used + length
            ? _bytes
            : new byte[Math.Max(16 * 1024, 2 * (used + length))];
        Buffer.BlockCopy(_bytes, _first, bytes, 0, used);
        for (var i = 0; i < Count; i++)
        {
            ref var row = ref _rows[(_firstRow + i) % MostRows];
            row = row with { At = row.At - _first };
        }

        (_bytes, _first, _end) = (bytes, 0, used);
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Entry(int At, int Length, RowJoint Joint);
}

/// <summary>How a row meets its neighbours: printed to its end, the next one's text wraps into its place by itself.</summary>
[Flags]
internal enum RowJoint : byte
{
    None = 0,
    IsFull = 1,
    GoesOn = 2,
}
