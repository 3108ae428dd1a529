using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.SignalR;
using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Terminals;
using Sandbox.Web.Latency;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Hub;

/// <summary>Streams of the hub's callers: from attaching to the end of a viewer.</summary>
internal sealed partial class TerminalStreams(
    HubNotices notices,
    TerminalDirectory directory,
    Presence presence,
    Audiences audiences,
    TerminalFollowers followers,
    LiveLatency latency,
    OutputPaces paces,
    ILogger<TerminalStreams> logger)
{
    /// <summary>All output of the terminal after the first <paramref name="after"/> bytes; with <paramref name="follows"/> also the states of its shell.</summary>
    public async IAsyncEnumerable<TerminalItem> ViewAsync(TerminalCaller caller, string terminalId, long after, bool follows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (viewer, connection, playground, here) = await AttachedAsync(caller, terminalId, after, follows, cancellationToken);
        var (ended, replaced) = (false, false);
        try
        {
            await notices.AttachedAsync(caller, terminalId, cancellationToken);
            await using var items = connection.ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await NextAsync(items))
            {
                if (items.Current.State is { } state)
                {
                    yield return new TerminalItem((long)items.Current.Offset, default, null, Shell: ShellView.From(state));
                    continue;
                }

                ended |= items.Current.ExitCode is not null;
                viewer.Echo.Printed();
                viewer.Sent = (long)items.Current.Offset + items.Current.Data.Length;
                if (playground is { } launched)
                {
                    latency.Printed(launched);
                    playground = null;
                }

                yield return new TerminalItem((long)items.Current.Offset, items.Current.Data, items.Current.ExitCode, items.Current.Screen);
                await paces.WaitAsync(caller, items.Current.Data.Length, cancellationToken);
            }
        }
        finally
        {
            here?.Dispose();
            replaced = !await DropAsync(caller, terminalId, viewer, ended);
            if (caller.Viewers.Find(terminalId) is null)
            {
                await notices.DetachedAsync(caller, terminalId);
            }
        }

        if (!ended)
        {
            // The holder went away without an exit code, or this client attached again, which tells it whether the terminal exists.
            if (!replaced)
            {
                Forget(terminalId);
            }

            throw HubFaults.ToHubException(TerminalDirectory.Unknown());
        }
    }

    /// <summary>A caller acknowledges output. The program does not wait for callers who only watch, so their acknowledgements count for nobody else.</summary>
    public void Held(TerminalCaller caller, string terminal, TerminalViewer viewer, long bytes)
    {
        if (caller.RightTo > TerminalRight.Watch)
        {
            followers.Held(terminal, viewer, Math.Min(bytes, viewer.Sent));
        }
    }

    /// <summary>Drops a viewer, and forgets a terminal that is over. False when another viewer had replaced it already.</summary>
    public async Task<bool> DropAsync(TerminalCaller caller, string terminal, TerminalViewer viewer, bool isOver = false)
    {
        var had = await caller.Viewers.DropAsync(terminal, viewer);
        if (isOver || viewer.HasClosed)
        {
            Forget(terminal);
        }

        return had;
    }

    /// <summary>Attaches. Throws HubException itself: hub filters do not see failures of streams.</summary>
    private async Task<(TerminalViewer Viewer, TtyConnection Connection, PlaygroundId? Playground, IDisposable? Here)> AttachedAsync(TerminalCaller caller, string terminal, long after, bool follows, CancellationToken cancellationToken)
    {
        try
        {
            if (after < 0)
            {
                throw new SandboxException(ErrorCode.Invalid, "after: 0 or more");
            }

            caller.Require(terminal, TerminalRight.Watch);
            caller.Pace();
            var place = await directory.FindAsync(caller.Owner, terminal, cancellationToken);
            var viewer = caller.Viewers.Attach(terminal);
            try
            {
                var connection = await viewer.Connection.WaitAsync(cancellationToken);
                if (follows && place.IsMarked)
                {
                    connection.Follow();
                }

                await connection.AttachAsync((ulong)after, cancellationToken, watches: caller.RightTo == TerminalRight.Watch);
                viewer.Sit(audiences.Of(TerminalId.Parse(terminal), place.Playground), caller.RightTo);
                return (viewer, connection, place.Playground, caller.Share is null ? presence.Enter(place.Playground) : null);
            }
            catch (Exception fault)
            {
                await DropAsync(caller, terminal, viewer);
                if (fault is IOException or SandboxException { Code: ErrorCode.NotFound })
                {
                    Forget(terminal);
                    throw TerminalDirectory.Unknown();
                }

                throw;
            }
        }
        catch (SandboxException fault)
        {
            throw HubFaults.ToHubException(fault);
        }
        catch (Exception fault) when (fault is not (HubException or OperationCanceledException))
        {
            Log.AttachFailed(logger, fault);
            throw;
        }
    }

    private void Forget(string terminal)
    {
        var id = TerminalId.Parse(terminal);
        directory.Forget(id);
        audiences.Forget(id);
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<TtyItem> items)
    {
        try
        {
            return await items.MoveNextAsync();
        }
        catch (Exception gone) when (gone is IOException or InvalidDataException)
        {
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Attaching a viewer failed")]
        public static partial void AttachFailed(ILogger logger, Exception fault);
    }
}
