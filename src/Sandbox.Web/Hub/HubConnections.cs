using Sandbox.Core.People;
using Sandbox.Web.Http;

namespace Sandbox.Web.Hub;

/// <summary>Bounds a person's hub connections: each costs memory here and viewers at the terminals' holders.</summary>
internal sealed class HubConnections
{
    private const int MostEach = 64;

    private readonly OpenCounts<PersonId> _open = new();

    public bool TryEnter(PersonId person) => _open.Enter(person) <= MostEach;

    public void Leave(PersonId person) => _open.Leave(person);
}
