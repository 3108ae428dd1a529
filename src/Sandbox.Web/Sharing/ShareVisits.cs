using Sandbox.Core.Playgrounds;
using Sandbox.Core.Terminals;
using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.Sharing;

/// <summary>
/// Connections of link holders. They are counted, so that links cannot take all places of a terminal, and cut as soon as
/// their link is revoked or expires. The rate of their streams is per link, since a new connection costs nothing.
/// </summary>
internal sealed class ShareVisits(TimeProvider time) : IWhenPlaygroundEnds
{
    private const int MostPerLink = 16;

    /// <summary>Half of a terminal's viewers; the rest is for its owner.</summary>
    private const int MostPerTerminal = 32;

    /// <summary>Burst of streams per link, a few for each holder; each replays output.</summary>
    private const int Burst = 4 * MostPerLink;

    private static readonly TimeSpan Refill = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly HashSet<Visit> _visits = [];
    private readonly Dictionary<string, int> _perLink = new(StringComparer.Ordinal);
    private readonly Dictionary<TerminalId, int> _perTerminal = [];

    // When a link's burst is full again; links that are not in here have a full one.
    private readonly Dictionary<string, TimeSpan> _restored = new(StringComparer.Ordinal);

    /// <summary>Links whose rate is remembered.</summary>
    public int Paced
    {
        get
        {
            lock (_gate)
            {
                return _restored.Count;
            }
        }
    }

    private TimeSpan Now => time.GetElapsedTime(0);

    public bool IsFull(SharePass pass)
    {
        lock (_gate)
        {
            return Count(pass.Id) >= MostPerLink || _perTerminal.GetValueOrDefault(pass.Terminal) >= MostPerTerminal;
        }
    }

    /// <summary>Connections a link has now.</summary>
    public int Count(string share)
    {
        lock (_gate)
        {
            return _perLink.GetValueOrDefault(share);
        }
    }

    /// <summary>A place until disposed; null when there is none.</summary>
    /// <param name="pass">The link.</param>
    /// <param name="cut">Cuts the connection.</param>
    public Visit? TryEnter(SharePass pass, Action cut)
    {
        lock (_gate)
        {
            if (Count(pass.Id) >= MostPerLink || _perTerminal.GetValueOrDefault(pass.Terminal) >= MostPerTerminal)
            {
                return null;
            }

            var visit = new Visit(this, pass, cut);
            _visits.Add(visit);
            _perLink[pass.Id] = Count(pass.Id) + 1;
            _perTerminal[pass.Terminal] = _perTerminal.GetValueOrDefault(pass.Terminal) + 1;
            return visit;
        }
    }

    public void Ended(PlaygroundId playground) => Drop(pass => pass.Playground == playground);

    /// <summary>Cuts every connection of the links that match.</summary>
    public void Drop(Func<SharePass, bool> which) => Drop(visit => which(visit.Pass));

    /// <summary>Cuts every connection whose link has expired, and forgets rates that are full again.</summary>
    public void DropExpired()
    {
        var now = time.GetUtcNow();
        Drop(visit => visit.Until <= now);
        lock (_gate)
        {
            foreach (var share in _restored.Where(link => link.Value <= Now).Select(link => link.Key).ToList())
            {
                _restored.Remove(share);
            }
        }
    }

    private bool TrySpend(string share)
    {
        lock (_gate)
        {
            var now = Now;
            var restored = (_restored.TryGetValue(share, out var later) && later > now ? later : now) + Refill;
            if (restored - now > Burst * Refill)
            {
                return false;
            }

            _restored[share] = restored;
            return true;
        }
    }

    private void Drop(Predicate<Visit> which)
    {
        List<Visit> dropped;
        lock (_gate)
        {
            dropped = [.. _visits.Where(visit => which(visit))];
        }

        foreach (var visit in dropped)
        {
            visit.Cut();
        }
    }

    private void Leave(Visit visit)
    {
        lock (_gate)
        {
            if (!_visits.Remove(visit))
            {
                return;
            }

            if ((_perLink[visit.Pass.Id] -= 1) == 0)
            {
                _perLink.Remove(visit.Pass.Id);
            }

            if ((_perTerminal[visit.Pass.Terminal] -= 1) == 0)
            {
                _perTerminal.Remove(visit.Pass.Terminal);
            }
        }
    }

    /// <summary>One connection of a link holder.</summary>
    internal sealed class Visit(ShareVisits visits, SharePass pass, Action cut) : IDisposable
    {
        private long _until = DateTimeOffset.MaxValue.UtcTicks;
        private volatile bool _isCut;

        public SharePass Pass => pass;

        /// <summary>Set before the connection is aborted: from then on all its calls are refused.</summary>
        public bool IsCut => _isCut;

        public DateTimeOffset Until
        {
            get => new(Interlocked.Read(ref _until), TimeSpan.Zero);
            set => Interlocked.Exchange(ref _until, value.UtcTicks);
        }

        /// <summary>Counts one stream. False above the link's rate.</summary>
        public bool TrySpend() => visits.TrySpend(pass.Id);

        public void Cut()
        {
            _isCut = true;
            visits.Leave(this);
            cut();
        }

        /// <summary>Gives the place back. Idempotent.</summary>
        public void Dispose() => visits.Leave(this);
    }
}
