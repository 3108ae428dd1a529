using Sandbox.Core.Playgrounds;
using Sandbox.Core.Terminals;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Sharing;

/// <summary>
/// Connections that came by a link: counted, so that links cannot take the places of a terminal's owner, and cut when
/// the link is revoked or its time is over, in the middle of whatever they do. What they begin is paced by link, since a
/// new connection costs nothing.
/// </summary>
internal sealed class ShareVisits(TimeProvider time) : IWhenPlaygroundEnds
{
    private const int MostPerLink = 16;

    /// <summary>Half of what a terminal takes: the rest is its owner's.</summary>
    private const int MostPerTerminal = 32;

    /// <summary>What a link's holders together may begin at once, a few things for each, and what brings one back: each replays output.</summary>
    private const int Burst = 4 * MostPerLink;

    private static readonly TimeSpan Refill = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly HashSet<Visit> _visits = [];
    private readonly Dictionary<string, int> _perLink = new(StringComparer.Ordinal);
    private readonly Dictionary<TerminalId, int> _perTerminal = [];

    // When everything that a link spent has come back; one that is not here spent nothing.
    private readonly Dictionary<string, TimeSpan> _restored = new(StringComparer.Ordinal);

    /// <summary>Links whose pace is remembered.</summary>
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

    /// <summary>Cuts every connection whose link's time is over, and forgets what links spent that has come back.</summary>
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

    /// <summary>One connection that came by a link.</summary>
    internal sealed class Visit(ShareVisits visits, SharePass pass, Action cut) : IDisposable
    {
        private long _until = DateTimeOffset.MaxValue.UtcTicks;
        private volatile bool _isCut;

        public SharePass Pass => pass;

        /// <summary>Set once the connection is told: from here on nothing it asks is done.</summary>
        public bool IsCut => _isCut;

        public DateTimeOffset Until
        {
            get => new(Interlocked.Read(ref _until), TimeSpan.Zero);
            set => Interlocked.Exchange(ref _until, value.UtcTicks);
        }

        /// <summary>False when its link's holders begin too much.</summary>
        public bool TrySpend() => visits.TrySpend(pass.Id);

        public void Cut()
        {
            _isCut = true;
            visits.Leave(this);
            cut();
        }

        /// <summary>Gives the place back, once however often.</summary>
        public void Dispose() => visits.Leave(this);
    }
}
