using Sandbox.Core.People;
using Sandbox.Web.Http;

namespace Sandbox.Web.Terminals;

/// <summary>Bounds the sockets one person may hold: each costs memory here and a place in the holder's ring.</summary>
internal sealed class HubConnections
{
    private const int MostEach = 64;

    private readonly OpenCounts<PersonId> _open = new();

    public bool TryEnter(PersonId person) => _open.Enter(person) <= MostEach;

    public void Leave(PersonId person) => _open.Leave(person);
}
