using System.Collections.Concurrent;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.Http;
using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.Tunnels;

/// <summary>The connections that are open through tunnels: counted for each person, and cut when their playground ends or changes its owner.</summary>
internal sealed class OpenTunnels(WebOptions options) : IWhenPlaygroundEnds
{
    private readonly OpenCounts<PersonId> _counts = new();
    private readonly ConcurrentDictionary<Place, PlaygroundId> _places = new();

    /// <summary>How many are open.</summary>
    public int Count => _places.Count;

    /// <summary>A place for one connection, until it is disposed. Code: Rate (too many at once).</summary>
    public Place Enter(PersonId person, PlaygroundId playground)
    {
        if (_counts.Enter(person) > options.Limits.TunnelsAtOnce)
        {
            _counts.Leave(person);
            throw new SandboxException(ErrorCode.Rate, $"You have {options.Limits.TunnelsAtOnce} connections open through tunnels. Close some of them first.");
        }

        var place = new Place(this, person);
        _places[place] = playground;
        return place;
    }

    public void Ended(PlaygroundId playground) => Cut(playground);

    /// <summary>Cuts the connections to a playground.</summary>
    public void Cut(PlaygroundId playground)
    {
        foreach (var (place, of) in _places)
        {
            if (of == playground)
            {
                place.Cut();
            }
        }
    }

    /// <summary>One open connection.</summary>
    internal sealed class Place(OpenTunnels tunnels, PersonId person) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes when the playground has ended, or belongs to somebody else.</summary>
        public Task Ended => _ended.Task;

        public void Cut() => _ended.TrySetResult();

        public void Dispose()
        {
            if (tunnels._places.TryRemove(this, out _))
            {
                tunnels._counts.Leave(person);
            }
        }
    }
}
