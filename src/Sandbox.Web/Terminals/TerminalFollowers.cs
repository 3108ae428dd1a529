using System.Collections.Concurrent;
using Sandbox.Core.Terminals;

namespace Sandbox.Web.Terminals;

/// <summary>Reads a terminal's output beside its viewers, as a recording does.</summary>
internal interface ITerminalFollower
{
    /// <summary>How long it has followed the terminal.</summary>
    TimeSpan Elapsed { get; }

    /// <summary>A viewer holds this many bytes of output. Runs inside the viewer's call, so it must not wait.</summary>
    void Held(ulong bytes);
}

/// <summary>The followers of terminals, at most one each.</summary>
internal sealed class TerminalFollowers
{
    private readonly ConcurrentDictionary<string, ITerminalFollower> _followers = new(StringComparer.Ordinal);

    /// <summary>Tells a terminal's viewers how long it has been followed, or null once it no longer is. Set by the hub.</summary>
    public Func<TerminalId, TimeSpan?, Task> Announcement { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>False when the terminal has another follower.</summary>
    public bool TryAdd(TerminalId terminal, ITerminalFollower follower) => _followers.TryAdd(terminal.Value, follower);

    public void Remove(TerminalId terminal, ITerminalFollower follower) =>
        _followers.TryRemove(new KeyValuePair<string, ITerminalFollower>(terminal.Value, follower));

    /// <summary>The follower of a terminal, or null.</summary>
    public ITerminalFollower? Find(TerminalId terminal) => _followers.GetValueOrDefault(terminal.Value);

    /// <summary>Tells a terminal's viewers that its follower came or went.</summary>
    public Task AnnounceAsync(TerminalId terminal) => Announcement(terminal, Find(terminal)?.Elapsed);

    /// <summary>Passes an acknowledgement on. A viewer without a connection is skipped: its owner has not been checked yet.</summary>
    public void Held(string terminal, TerminalViewer viewer, long bytes)
    {
        if (_followers.TryGetValue(terminal, out var follower) && viewer.Connection.IsCompletedSuccessfully)
        {
            follower.Held((ulong)bytes);
        }
    }
}
