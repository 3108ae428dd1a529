using Sandbox.Core.Errors;
using Sandbox.Core.Terminals;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Hub;

/// <summary>
/// The terminals one hub connection is on: for each a viewer, made by the first call that needs one. Its calls come side
/// by side, and hostile ones on purpose, so who gets which viewer is decided under one lock.
/// </summary>
/// <param name="create">Makes a viewer of a terminal, and begins its way there.</param>
internal sealed class HubViewers(Func<string, TerminalViewer> create)
{
    private const int Most = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, TerminalViewer> _viewers = new(StringComparer.Ordinal);
    private bool _isOver;

    /// <summary>The viewer of a terminal if there is one.</summary>
    public TerminalViewer? Find(string terminal)
    {
        lock (_gate)
        {
            return _viewers.GetValueOrDefault(terminal);
        }
    }

    /// <summary>The viewer of a terminal. Codes: NotFound, Quota.</summary>
    public TerminalViewer Get(string terminal)
    {
        List<TerminalViewer> left = [];
        try
        {
            lock (_gate)
            {
                return _viewers.GetValueOrDefault(terminal) ?? Add(terminal, left);
            }
        }
        finally
        {
            Leave(left);
        }
    }

    /// <summary>
    /// A viewer for one stream and no other: the one that keys typed before already wait in, else a fresh one, in place of
    /// one that has its stream. Codes: NotFound, Quota.
    /// </summary>
    public TerminalViewer Attach(string terminal)
    {
        List<TerminalViewer> left = [];
        try
        {
            lock (_gate)
            {
                if (_viewers.TryGetValue(terminal, out var viewer) && (viewer.IsAttached || viewer.Connection.IsFaulted))
                {
                    _viewers.Remove(terminal);
                    left.Add(viewer);
                    viewer = null;
                }

                viewer ??= Add(terminal, left);
                viewer.Attach();
                return viewer;
            }
        }
        finally
        {
            Leave(left);
        }
    }

    /// <summary>Takes a viewer out and lets it go. False when it was out already, because another has its place.</summary>
    public async ValueTask<bool> DropAsync(string terminal, TerminalViewer viewer)
    {
        bool had;
        lock (_gate)
        {
            had = _viewers.GetValueOrDefault(terminal) == viewer && _viewers.Remove(terminal);
        }

        await viewer.DisposeAsync();
        return had;
    }

    /// <summary>The connection is over, and calls that still run get no viewer any more.</summary>
    public async ValueTask DropAllAsync()
    {
        List<TerminalViewer> all;
        lock (_gate)
        {
            _isOver = true;
            all = [.. _viewers.Values];
            _viewers.Clear();
        }

        foreach (var viewer in all)
        {
            await viewer.DisposeAsync();
        }
    }

    // What waits to be typed still is: nobody waits for that here.
    private static void Leave(List<TerminalViewer> viewers)
    {
        foreach (var viewer in viewers)
        {
            _ = viewer.DisposeAsync().AsTask();
        }
    }

    private TerminalViewer Add(string terminal, List<TerminalViewer> left)
    {
        if (_isOver || !TerminalId.TryParse(terminal, out _))
        {
            // What is no id is not even remembered as one: it may be as long as a message.
            throw TerminalDirectory.Unknown();
        }

        if (_viewers.Count >= Most)
        {
            // Those without a stream are kept for what comes next; the next call makes them anew.
            foreach (var (other, viewer) in _viewers.Where(pair => !pair.Value.IsAttached && pair.Value.Connection.IsCompleted).ToList())
            {
                _viewers.Remove(other);
                left.Add(viewer);
            }
        }

        if (_viewers.Count >= Most)
        {
            throw new SandboxException(ErrorCode.Quota, $"One connection takes {Most} terminals.");
        }

        return _viewers[terminal] = create(terminal);
    }
}
