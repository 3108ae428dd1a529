using System.Collections.Concurrent;
using Sandbox.Core.People;

namespace Sandbox.Web.Terminals;

/// <summary>Bounds the sockets one person may hold: each costs memory here and a place in the holder's ring.</summary>
internal sealed class HubConnections
{
    private const int MostEach = 64;

    private readonly ConcurrentDictionary<PersonId, int> _open = new();

    public bool TryEnter(PersonId person) => _open.AddOrUpdate(person, 1, static (_, open) => open + 1) <= MostEach;

    public void Leave(PersonId person)
    {
        if (_open.AddOrUpdate(person, 0, static (_, open) => open - 1) <= 0)
        {
            _open.TryRemove(new KeyValuePair<PersonId, int>(person, 0));
        }
    }
}
