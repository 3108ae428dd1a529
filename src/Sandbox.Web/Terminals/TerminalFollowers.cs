using System.Collections.Concurrent;
using Sandbox.Core.Terminals;

namespace Sandbox.Web.Terminals;

/// <summary>Wants to know how far a terminal's viewers are. It is told on the way of a viewer's call, so it must not wait.</summary>
internal interface ITerminalFollower
{
    /// <summary>A viewer holds this many bytes of output.</summary>
    void Held(ulong bytes);
}

/// <summary>Who follows which terminal; at most one each. A viewer counts once it has its way to the terminal: before that, nobody has looked whose it is.</summary>
internal sealed class TerminalFollowers
{
    private readonly ConcurrentDictionary<string, ITerminalFollower> _followers = new(StringComparer.Ordinal);

    /// <summary>False when somebody else follows this terminal.</summary>
    public bool TryAdd(TerminalId terminal, ITerminalFollower follower) => _followers.TryAdd(terminal.Value, follower);

    public void Remove(TerminalId terminal, ITerminalFollower follower) =>
        _followers.TryRemove(new KeyValuePair<string, ITerminalFollower>(terminal.Value, follower));

    public void Held(string terminal, TerminalViewer viewer, long bytes)
    {
        if (_followers.TryGetValue(terminal, out var follower) && viewer.Connection.IsCompletedSuccessfully)
        {
            follower.Held((ulong)bytes);
        }
    }
}
