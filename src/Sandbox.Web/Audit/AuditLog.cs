using System.Net;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Audit;

/// <summary>
/// Takes events from any thread, in memory only: <see cref="AuditWriter"/> puts them into SQLite, so a launch does not wait
/// for the log. A hostile visitor decides how many events there are, so repeats within an hour are one row with a
/// count, and one source, an address or else a person, gets so many rows an hour. What is beyond that is counted in
/// one more row.
/// </summary>
internal sealed class AuditLog(GuestAddresses addresses, TimeProvider time)
{
    /// <summary>Rows of one kind and one source in an hour.</summary>
    public const int MostOfSource = 300;

    /// <summary>Sources in an hour that have rows of their own.</summary>
    private const int MostSources = 10_000;

    /// <summary>Rows that wait to be written.</summary>
    private const int MostWaiting = 5_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Repeat, AuditEntry> _repeats = [];
    private readonly Dictionary<(AuditKind Kind, string Source), int> _sources = [];
    private readonly Queue<AuditEntry> _waiting = new();
    private DateTimeOffset _hourEnds;

    public void Add(AuditEvent happened)
    {
        var now = time.GetUtcNow();
        var address = Readable(happened.Address ?? (happened.Person is { } person ? addresses.Of(person) : null));
        lock (_gate)
        {
            if (now >= _hourEnds)
            {
                _repeats.Clear();
                _sources.Clear();
                _hourEnds = now.AddHours(1);
            }

            var entry = EntryOf(happened, address, now);
            entry.Count++;
            entry.LastAt = now;
            Wait(entry);
        }
    }

    /// <summary>An operator did something.</summary>
    /// <param name="by">The operator.</param>
    /// <param name="act">What they did, in the past tense.</param>
    /// <param name="playground">To which playground.</param>
    public void Act(PersonId? by, string act, PlaygroundId? playground = null) =>
        Add(new AuditEvent(AuditKind.Operator, act) { Person = by, Playground = playground });

    /// <summary>Entries to be written, the oldest first, each with the row as it is now.</summary>
    internal IReadOnlyList<(AuditEntry Entry, AuditRow Row)> Take(int most)
    {
        lock (_gate)
        {
            var taken = new List<(AuditEntry, AuditRow)>();
            while (taken.Count < most && _waiting.TryDequeue(out var entry))
            {
                entry.IsWaiting = false;
                taken.Add((entry, entry.ToRow()));
            }

            return taken;
        }
    }

    /// <summary>Gives back entries that could not be written.</summary>
    internal void Return(IEnumerable<AuditEntry> entries)
    {
        lock (_gate)
        {
            foreach (var entry in entries)
            {
                Wait(entry);
            }
        }
    }

    private void Wait(AuditEntry entry)
    {
        if (!entry.IsWaiting)
        {
            entry.IsWaiting = true;
            _waiting.Enqueue(entry);
        }
    }

    private AuditEntry EntryOf(AuditEvent happened, string? address, DateTimeOffset now)
    {
        var repeat = RepeatOf(happened, address);
        if (repeat is not null && _repeats.TryGetValue(repeat, out var known))
        {
            return known;
        }

        // Nobody but an operator makes an operator's rows, so nothing is left out there.
        if (happened.Kind != AuditKind.Operator)
        {
            var source = (happened.Kind, address ?? happened.Person?.Value ?? "");
            var isKnown = _sources.TryGetValue(source, out var count);
            if (count >= MostOfSource)
            {
                return Rest(happened.Kind, happened.Person?.Value, address, $"More than {MostOfSource} events of one source in an hour.", now);
            }

            if (_waiting.Count >= MostWaiting || (!isKnown && _sources.Count >= MostSources))
            {
                return Rest(happened.Kind, null, null, "More events than the log keeps in an hour, from many sources.", now);
            }

            _sources[source] = count + 1;
        }

        var entry = new AuditEntry(happened.Kind, now)
        {
            Code = happened.Code,
            Person = happened.Person?.Value,
            Address = address,
            Playground = happened.Playground?.Value,
            Text = happened.Text,
        };
        if (repeat is not null)
        {
            _repeats[repeat] = entry;
        }

        return entry;
    }

    /// <summary>The row that counts what has none of its own.</summary>
    private AuditEntry Rest(AuditKind kind, string? person, string? address, string text, DateTimeOffset now)
    {
        var repeat = new Repeat(kind, address is null ? person : null, address, null, "more");
        if (!_repeats.TryGetValue(repeat, out var entry))
        {
            _repeats[repeat] = entry = new AuditEntry(kind, now) { Code = "more", Person = repeat.Person, Address = address, Text = text };
        }

        return entry;
    }

    /// <summary>The events that are the same as this one; null if each is one of its own.</summary>
    private static Repeat? RepeatOf(AuditEvent happened, string? address) => happened.Kind is AuditKind.Refused or AuditKind.Limit
        ? new Repeat(happened.Kind, happened.Person?.Value, address, happened.Playground?.Value, happened.Code)
        : null;

    /// <summary>An IPv6 /64 is 16 hexadecimal digits where rates are counted.</summary>
    private static string? Readable(string? address) => address is { Length: 16 } && Convert.FromHexString(address) is { } prefix
        ? $"{new IPAddress([.. prefix, .. new byte[8]])}/64"
        : address;

    private sealed record Repeat(AuditKind Kind, string? Person, string? Address, string? Playground, string? Code);
}
