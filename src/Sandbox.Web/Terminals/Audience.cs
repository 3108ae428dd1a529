using Sandbox.Core.Terminals;

namespace Sandbox.Web.Terminals;

/// <summary>Whose window says how large a terminal is.</summary>
internal enum SizePolicy
{
    /// <summary>The page of its owner that typed or was resized last.</summary>
    Owner,

    /// <summary>The smallest of all: everybody sees all of it.</summary>
    Smallest,
}

/// <summary>
/// The viewers of one terminal in this process, and the terminal size that follows from their windows. Wishes of link
/// holders, who may be anybody, are applied together after a pause and never below a usable size.
/// </summary>
internal sealed class Audience(TimeProvider time)
{
    private static readonly TerminalSize LeastWish = new(32, 8);
    private static readonly TimeSpan WishPause = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly List<Seat> _seats = [];
    private readonly HashSet<AudienceReader> _readers = [];
    private TerminalSize? _size;
    private Seat? _leader;
    private int _watchers;
    private int _writers;
    private bool _isWishPending;

    public SizePolicy Policy { get; private set; }

    /// <summary>Whether there are neither viewers nor readers.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _seats.Count == 0 && _readers.Count == 0;
            }
        }
    }

    /// <summary>The size a terminal was opened with, or was given by a client that does not attach.</summary>
    public void Sized(TerminalSize size)
    {
        lock (_gate)
        {
            _size = size;
            Tell();
        }
    }

    /// <summary>Takes a seat until it is disposed.</summary>
    /// <param name="right">What the viewer may do.</param>
    /// <param name="resize">Passes a size on to the program.</param>
    public Seat Join(TerminalRight right, Action<TerminalSize> resize)
    {
        lock (_gate)
        {
            var name = right switch
            {
                TerminalRight.Own => "owner",
                TerminalRight.Type => $"writer {++_writers}",
                _ => $"watcher {++_watchers}",
            };
            var seat = new Seat(this, right, name, resize);
            _seats.Add(seat);
            Tell();
            return seat;
        }
    }

    public void Decide(SizePolicy policy)
    {
        lock (_gate)
        {
            Policy = policy;
            Apply();
            Tell();
        }
    }

    /// <summary>A stream of changes, coalesced. Dispose it to stop.</summary>
    public AudienceReader Read()
    {
        lock (_gate)
        {
            var reader = new AudienceReader(this);
            _readers.Add(reader);
            return reader;
        }
    }

    /// <summary>The viewers, as one of them sees them.</summary>
    internal AudienceItem Snapshot(Func<Seat, bool> isYou)
    {
        lock (_gate)
        {
            return new AudienceItem(
                [.. _seats.Select(seat => new AudienceMember(seat.Id, seat.Name, seat.Right, isYou(seat), seat == _leader))],
                _size?.Cols ?? 0,
                _size?.Rows ?? 0,
                Policy);
        }
    }

    internal void Leave(AudienceReader reader)
    {
        lock (_gate)
        {
            _readers.Remove(reader);
        }
    }

    private void Leave(Seat seat)
    {
        lock (_gate)
        {
            if (!_seats.Remove(seat))
            {
                return;
            }

            if (_leader == seat)
            {
                _leader = _seats.Where(other => other.Right == TerminalRight.Own).MaxBy(other => other.LastLed);
            }

            Apply();
            Tell();
        }
    }

    private void Wish(Seat seat, TerminalSize wish)
    {
        lock (_gate)
        {
            if (!_seats.Contains(seat))
            {
                // It left during this call, so it cannot lead.
                return;
            }

            if (seat.Right == TerminalRight.Own)
            {
                seat.Wish = wish;
                Lead(seat);
                Apply();
                Tell();
                return;
            }

            seat.Wish = new(Math.Max(wish.Cols, LeastWish.Cols), Math.Max(wish.Rows, LeastWish.Rows));
            if (Policy == SizePolicy.Smallest && !_isWishPending)
            {
                _isWishPending = true;
                _ = ApplySoonAsync();
            }
        }
    }

    private async Task ApplySoonAsync()
    {
        await Task.Delay(WishPause, time);
        lock (_gate)
        {
            _isWishPending = false;
            Apply();
        }
    }

    private void Take(Seat seat)
    {
        lock (_gate)
        {
            if (seat.Right == TerminalRight.Own && _leader != seat && _seats.Contains(seat))
            {
                Lead(seat);
                Apply();
                Tell();
            }
        }
    }

    private void Call(Seat seat, string name)
    {
        lock (_gate)
        {
            seat.Name = name;
            Tell();
        }
    }

    private void Lead(Seat seat)
    {
        _leader = seat;
        seat.LastLed = time.GetTimestamp();
    }

    /// <summary>Gives the program the size that follows; through any seat, the owner's if there is one.</summary>
    private void Apply()
    {
        var wishes = _seats.Where(seat => seat.Wish is not null).Select(seat => seat.Wish!).ToList();
        var size = Policy == SizePolicy.Owner ? _leader?.Wish
            : wishes.Count == 0 ? null
            : new TerminalSize(wishes.Min(wish => wish.Cols), wishes.Min(wish => wish.Rows));
        if (size is null || size == _size)
        {
            return;
        }

        _size = size;
        (_leader ?? _seats[0]).Resize(size);
        Tell();
    }

    private void Tell()
    {
        foreach (var reader in _readers)
        {
            reader.Tell();
        }
    }

    /// <summary>One viewer's place.</summary>
    internal sealed class Seat(Audience audience, TerminalRight right, string name, Action<TerminalSize> resize) : IDisposable
    {
        public string Id { get; } = Core.Ids.IdText.Random();

        public TerminalRight Right => right;

        public string Name { get; internal set; } = name;

        internal TerminalSize? Wish { get; set; }

        internal long LastLed { get; set; }

        /// <summary>How large its window is.</summary>
        public void Wants(TerminalSize wish) => audience.Wish(this, wish);

        /// <summary>A key was typed here: this page of the owner decides the size from now on.</summary>
        public void Typed()
        {
            if (right == TerminalRight.Own && audience._leader != this)
            {
                audience.Take(this);
            }
        }

        /// <summary>Sets the viewer's name.</summary>
        public void Call(string called) => audience.Call(this, called);

        public void Dispose() => audience.Leave(this);

        internal void Resize(TerminalSize size) => resize(size);
    }
}
