using Sandbox.Core.People;

namespace Sandbox.Web.Hub;

/// <summary>Bounds a person's hub connections: each costs memory here and viewers at the terminals' holders.</summary>
internal sealed class HubConnections
{
    private const int MostEach = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<PersonId, HashSet<Action>> _open = [];

    /// <summary>Counts a connection. False when the person has too many.</summary>
    /// <param name="person">Whose it is.</param>
    /// <param name="cut">Ends it; it is also what <see cref="Leave"/> knows it by.</param>
    public bool TryEnter(PersonId person, Action cut)
    {
        lock (_gate)
        {
            if (!_open.TryGetValue(person, out var open))
            {
                _open[person] = open = [];
            }

            return open.Count < MostEach && open.Add(cut);
        }
    }

    /// <summary>A connection is over; one that was refused counts for nothing.</summary>
    public void Leave(PersonId person, Action cut)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(person, out var open) && open.Remove(cut) && open.Count == 0)
            {
                _open.Remove(person);
            }
        }
    }

    /// <summary>Ends all connections of a person, who may connect again: something is no longer theirs.</summary>
    public void Cut(PersonId person)
    {
        Action[] cuts;
        lock (_gate)
        {
            cuts = _open.TryGetValue(person, out var open) ? [.. open] : [];
        }

        foreach (var cut in cuts)
        {
            cut();
        }
    }
}
