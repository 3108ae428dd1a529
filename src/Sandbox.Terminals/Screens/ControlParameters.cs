namespace Sandbox.Terminals.Screens;

/// <summary>
/// The numbers of a control sequence, at most 32 and 32 sub-parameters, each at most 2^31 - 1; what is more is dropped.
/// <code>ESC [ 4:3 ; 38:2::255:0:0 m      4 with [3], 38 with [2, -1, 255, 0, 0]</code>
/// </summary>
internal sealed class ControlParameters
{
    private const int Most = 32;

    private readonly int[] _values = new int[Most];
    private readonly int[] _subs = new int[Most];
    private readonly byte[] _firstSub = new byte[Most];
    private readonly byte[] _endSub = new byte[Most];
    private int _subCount;
    private bool _rejects;
    private bool _rejectsSub;
    private bool _isSub;

    public int Count { get; private set; }

    public int this[int index] => index < Count ? _values[index] : 0;

    /// <summary>The first number, where none or 0 counts as 1.</summary>
    public int Least1 => Math.Max(_values[0], 1);

    public void Reset()
    {
        (Count, _subCount, _rejects, _rejectsSub, _isSub) = (0, 0, false, false, false);
        Add();
    }

    public void Take(int code)
    {
        if (code == ';')
        {
            Add();
        }
        else if (code == ':')
        {
            AddSub();
        }
        else
        {
            AddDigit(code - '0');
        }
    }

    public ReadOnlySpan<int> Subs(int index) => _subs.AsSpan(_firstSub[index], _endSub[index] - _firstSub[index]);

    private void Add()
    {
        _isSub = false;
        if (Count >= Most)
        {
            _rejects = true;
            return;
        }

        _firstSub[Count] = _endSub[Count] = (byte)_subCount;
        _values[Count++] = 0;
    }

    private void AddSub()
    {
        _isSub = true;
        if (_rejects || _subCount >= Most)
        {
            _rejectsSub = true;
            return;
        }

        _subs[_subCount++] = -1;
        _endSub[Count - 1]++;
    }

    private void AddDigit(int digit)
    {
        if (_rejects || (_isSub && (_rejectsSub || _subCount == 0)))
        {
            return;
        }

        ref var value = ref _isSub ? ref _subs[_subCount - 1] : ref _values[Count - 1];
        value = value < 0 ? digit : (int)Math.Min(((long)value * 10) + digit, int.MaxValue);
    }
}
