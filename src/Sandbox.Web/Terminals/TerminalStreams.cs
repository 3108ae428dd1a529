using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.SignalR;
using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Terminals;
using Sandbox.Web.Leases;
using Sandbox.Web.Recordings;
using Sandbox.Web.Status;

namespace Sandbox.Web.Terminals;

/// <summary>What the hub's callers see of their terminals: from attaching to the end of a viewer.</summary>
internal sealed partial class TerminalStreams(
    IHubContext<TerminalHub> hub,
    TerminalDirectory directory,
    Presence presence,
    Audiences audiences,
    TerminalFollowers followers,
    RunningRecordings recordings,
    LiveLatency latency,
    ILogger<TerminalStreams> logger)
{
    /// <summary>Everything the terminal prints after the caller's first <paramref name="after"/> bytes; with items about its shell between them for one who follows.</summary>
    public async IAsyncEnumerable<TerminalItem> ViewAsync(TerminalCaller caller, string terminalId, long after, bool follows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (viewer, connection, playground, here) = await AttachedAsync(caller, terminalId, after, follows, cancellationToken);
        var (ended, replaced) = (false, false);
        try
        {
            await TellRecordingAsync(caller, terminalId);

            // Before the first item, which of a quiet program may be hours away.
            await hub.Clients.Client(caller.Connection).SendAsync("Attached", terminalId, cancellationToken);
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
                viewer.Told = (long)items.Current.Offset + items.Current.Data.Length;
                if (playground is { } launched)
                {
                    latency.Printed(launched);
                    playground = null;
                }

                yield return new TerminalItem((long)items.Current.Offset, items.Current.Data, items.Current.ExitCode, items.Current.Screen);
            }
        }
        finally
        {
            here?.Dispose();
            replaced = !await DropAsync(caller, terminalId, viewer, ended);
            if (caller.Viewers.Find(terminalId) is null)
            {
                await hub.Groups.RemoveFromGroupAsync(caller.Connection, RunningRecordings.GroupOf(terminalId), CancellationToken.None);
            }
        }

        if (!ended)
        {
            // The holder went without a word, or this client attached again. It learns then whether there is a terminal.
            if (!replaced)
            {
                Forget(terminalId);
            }

            throw HubFaults.Told(TerminalDirectory.Unknown());
        }
    }

    /// <summary>A caller holds this many bytes. The program does not wait for those who only watch, so nobody else may take their word for how far it is seen.</summary>
    public void Held(TerminalCaller caller, string terminal, TerminalViewer viewer, long bytes)
    {
        if (caller.RightTo > TerminalRight.Watch)
        {
            followers.Held(terminal, viewer, Math.Min(bytes, viewer.Told));
        }
    }

    /// <summary>Lets a viewer go; of a terminal that is over nothing is remembered. False when another viewer had its place already.</summary>
    public async Task<bool> DropAsync(TerminalCaller caller, string terminal, TerminalViewer viewer, bool isOver = false)
    {
        var had = await caller.Viewers.DropAsync(terminal, viewer);
        if (isOver || viewer.HasClosed)
        {
            Forget(terminal);
        }

        return had;
    }

    /// <summary>Attaches. What it throws is told already: filters do not see what a stream throws.</summary>
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
                if (fault is SocketException or IOException)
                {
                    Forget(terminal);
                    throw TerminalDirectory.Unknown();
                }

                throw;
            }
        }
        catch (SandboxException fault)
        {
            throw HubFaults.Told(fault);
        }
        catch (Exception fault) when (fault is not (HubException or OperationCanceledException))
        {
            Log.AttachFailed(logger, fault);
            throw;
        }
    }

    /// <summary>Whoever views a terminal knows that it is recorded.</summary>
    private async Task TellRecordingAsync(TerminalCaller caller, string terminal)
    {
        await hub.Groups.AddToGroupAsync(caller.Connection, RunningRecordings.GroupOf(terminal), CancellationToken.None);
        if (recordings.Of(TerminalId.Parse(terminal)) is { } recorder)
        {
            await hub.Clients.Client(caller.Connection).SendAsync("Recording", terminal, (double?)recorder.Elapsed.TotalSeconds);
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
        catch (Exception gone) when (gone is SocketException or IOException or InvalidDataException)
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
