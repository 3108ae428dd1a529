using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Store;

namespace Sandbox.Web.Terminals;

/// <summary>Where a terminal is, and whose; and whether its holder tells of its shell.</summary>
internal sealed record TerminalPlace(PersonId Owner, PlaygroundId Playground, SandboxId Sandbox, bool IsMarked);

/// <summary>
/// Finds terminals by id. The browser sends ids and never a path; only the runtime knows how to reach one.
/// Unknown ones, after a restart for example, are looked up in the runtime, among the person's own sandboxes only.
/// </summary>
internal sealed class TerminalDirectory(SqliteStore store, ISandboxRuntime runtime) : IWhenPlaygroundEnds, IDisposable
{
    /// <summary>A scan costs the daemon a walk over all of a person's terminals, while asking for an unknown one costs the caller nothing.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Burst of scans per person without a pause; five per second are refilled.</summary>
    private readonly PartitionedRateLimiter<PersonId> _freely = PartitionedRateLimiter.Create<PersonId, PersonId>(person =>
        RateLimitPartition.GetTokenBucketLimiter(person, _ => new TokenBucketRateLimiterOptions { TokenLimit = 200, TokensPerPeriod = 5, ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = 0 }));

    private readonly ConcurrentDictionary<TerminalId, TerminalPlace> _places = new();
    private readonly ConcurrentDictionary<PersonId, Lazy<Look>> _looks = new();

    public void Dispose() => _freely.Dispose();

    public void Add(TerminalId terminal, TerminalPlace place) => _places[terminal] = place;

    public async ValueTask<TerminalPlace> FindAsync(PersonId owner, string terminal, CancellationToken cancellationToken)
    {
        if (!TerminalId.TryParse(terminal, out var id))
        {
            throw Unknown();
        }

        if (!_places.TryGetValue(id, out var place))
        {
            await LookAsync(owner, cancellationToken);
            _places.TryGetValue(id, out place);
        }

        return place is not null && place.Owner == owner ? place : throw Unknown();
    }

    /// <summary>Connects a viewer to a terminal. Codes: NotFound (it has ended), RuntimeUnavailable.</summary>
    public async Task<TtyConnection> ConnectAsync(TerminalPlace place, TerminalId terminal, CancellationToken cancellationToken) =>
        new(await runtime.Terminals.ConnectAsync(place.Sandbox, terminal, cancellationToken));

    /// <summary>Whether a terminal is remembered as a person's own.</summary>
    public bool IsRemembered(PersonId owner, string terminal) =>
        TerminalId.TryParse(terminal, out var id) && _places.TryGetValue(id, out var place) && place.Owner == owner;

    /// <summary>Whether a terminal is remembered.</summary>
    public bool Knows(string terminal) => TerminalId.TryParse(terminal, out var id) && _places.ContainsKey(id);

    /// <summary>The holder is gone.</summary>
    public void Forget(TerminalId terminal) => _places.TryRemove(terminal, out _);

    public void Ended(PlaygroundId playground)
    {
        foreach (var (terminal, place) in _places)
        {
            if (place.Playground == playground)
            {
                _places.TryRemove(terminal, out _);
            }
        }
    }

    public static SandboxException Unknown() => new(ErrorCode.NotFound, "You have no such terminal; it may have ended.");

    /// <summary>Scans a person's terminals. Simultaneous scans are shared, and frequent ones wait for a pause.</summary>
    private async Task LookAsync(PersonId owner, CancellationToken cancellationToken)
    {
        var look = Begin();
        if (look.Done.IsCompleted)
        {
            // It was over before this was asked.
            await look.Rested.WaitAsync(cancellationToken);
            look = Begin();
        }

        await look.Done.WaitAsync(cancellationToken);

        Look Begin() => _looks.GetOrAdd(owner, person => new Lazy<Look>(() =>
        {
            // Nobody who asks may take it from the others.
            var done = Task.Run(() => LoadAsync(person, CancellationToken.None));
            return new Look(done, RestAsync(person, done));
        })).Value;
    }

    private async Task RestAsync(PersonId owner, Task done)
    {
        await done.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using (var place = _freely.AttemptAcquire(owner))
        {
            if (!place.IsAcquired)
            {
                await Task.Delay(Pause);
            }
        }

        _looks.TryRemove(owner, out _);
    }

    private async Task LoadAsync(PersonId owner, CancellationToken cancellationToken)
    {
        var sandboxes = await store.ReadAsync(db => db.Sandboxes.AsNoTracking()
            .Where(row => row.Playground!.OwnerId == owner.Value && row.Playground.State == PlaygroundStage.Running)
            .Select(row => new { row.Id, row.PlaygroundId }).ToListAsync(cancellationToken));
        foreach (var sandbox in sandboxes)
        {
            var id = SandboxId.Parse(sandbox.Id);
            try
            {
                foreach (var terminal in await runtime.Terminals.ListAsync(id, cancellationToken))
                {
                    _places[terminal.Id] = new TerminalPlace(owner, PlaygroundId.Parse(sandbox.PlaygroundId), id, terminal.IsMarked);
                }
            }
            catch (SandboxException fault) when (fault.Code is ErrorCode.NotFound or ErrorCode.Conflict)
            {
                // It ends just now; its terminals with it.
            }
        }
    }

    /// <summary>One look: when it is done, and when there may be another.</summary>
    private sealed record Look(Task Done, Task Rested);
}
