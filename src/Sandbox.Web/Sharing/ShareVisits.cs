using Sandbox.Core.Terminals;

namespace Sandbox.Web.Sharing;

/// <summary>
/// Connections that came by a link: counted, so that links cannot take the places of a terminal's owner, and cut when
/// the link is revoked or its time is over, in the middle of whatever they do.
/// </summary>
internal sealed class ShareVisits(TimeProvider time)
{
    private const int MostPerLink = 16;

    /// <summary>Half of what a terminal takes: the rest is its owner's.</summary>
    private const int MostPerTerminal = 32;

    private readonly Lock _gate = new();
    private readonly HashSet<Visit> _visits = [];
    private readonly Dictionary<string, int> _perLink = new(StringComparer.Ordinal);
    private readonly Dictionary<TerminalId, int> _perTerminal = [];

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

    /// <summary>Cuts every connection whose link says so.</summary>
    public void Drop(Func<SharePass, bool> which) => Drop(visit => which(visit.Pass));

    /// <summary>Cuts every connection whose link's time is over.</summary>
    public void DropExpired()
    {
        var now = time.GetUtcNow();
        Drop(visit => visit.Until <= now);
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

        public void Cut()
        {
            _isCut = true;
            visits.Leave(this);
            cut();
        }

        public void Dispose() => visits.Leave(this);
    }
}
