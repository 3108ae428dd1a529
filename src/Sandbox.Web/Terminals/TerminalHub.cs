using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;
using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Web.Leases;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Recordings;
using Sandbox.Web.Sharing;
using Sandbox.Web.Status;

namespace Sandbox.Web.Terminals;

/// <summary>
/// Terminals over SignalR. Bytes go from the holder's socket to the browser and back and are kept nowhere between; the
/// window of unacknowledged output is the holder's. Input, Resize, Ack and Close do not wait for anything, so calls of
/// one client take effect in the order they were sent.
/// </summary>
[Authorize(CallerClaims.TerminalPolicy)]
internal sealed partial class TerminalHub(
    OwnedPlaygrounds playgrounds,
    ISandboxRuntime runtime,
    TerminalDirectory directory,
    Presence presence,
    HubConnections connections,
    Audiences audiences,
    ShareVisits visits,
    ShareLinks links,
    TerminalFollowers followers,
    RunningRecordings recordings,
    LiveLatency latency,
    ILogger<TerminalHub> logger) : Hub
{
    private const int MostViewers = 64;

    private static readonly object CallerKey = new();

    public override async Task OnConnectedAsync()
    {
        var caller = new TerminalCaller(Context.User);
        Context.Items[CallerKey] = caller;
        if (caller.Share is { } share)
        {
            await EnterAsync(caller, share);
        }
        else if (!connections.TryEnter(caller.Person))
        {
            Context.Abort();
        }
    }

    public override async Task OnDisconnectedAsync(Exception? exception)
    {
        var caller = Caller;
        caller.Visit?.Dispose();
        if (caller.Share is null)
        {
            connections.Leave(caller.Person);
        }

        foreach (var viewer in caller.Viewers.Values)
        {
            await viewer.DisposeAsync();
        }
    }

    /// <summary>Opens a terminal; command null is the image's own, or its shell.</summary>
    public async Task<string> Open(string sandboxId, int cols, int rows, string[]? command)
    {
        var person = Caller.Person;
        if (!SandboxId.TryParse(sandboxId, out var sandbox))
        {
            throw new SandboxException(ErrorCode.NotFound, "You have no such sandbox.");
        }

        var row = await playgrounds.RowAsync(person, sandbox);
        var spec = new TerminalSpec { Id = TerminalId.New(), Cols = cols, Rows = rows, Command = command };
        var mistakes = CommandRules.Validate(spec);
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        var playground = PlaygroundId.Parse(row.Id);
        presence.Touch(playground);
        latency.Opening(playground);
        var terminal = await runtime.OpenTerminalAsync(sandbox, spec, Context.ConnectionAborted);
        directory.Add(terminal.Id, new TerminalPlace(person, playground, sandbox, terminal.Socket, terminal.IsMarked));
        audiences.Of(terminal.Id, playground).Sized(new TerminalSize(cols, rows));
        return terminal.Id.Value;
    }

    /// <summary>
    /// Everything the terminal prints after the client's first <paramref name="after"/> bytes; the last item carries the
    /// exit code. In place of what is no longer kept comes the screen.
    /// </summary>
    public IAsyncEnumerable<TerminalItem> Attach(string terminalId, long after, CancellationToken cancellationToken) =>
        ViewAsync(terminalId, after, follows: false, cancellationToken);

    /// <summary>The same with items about the shell between them, where it marks its commands: first how it is now, then each change.</summary>
    public IAsyncEnumerable<TerminalItem> Follow(string terminalId, long after, CancellationToken cancellationToken) =>
        ViewAsync(terminalId, after, follows: true, cancellationToken);

    /// <summary>Types. Enqueues and never waits; full is Conflict, which the client shows.</summary>
    public void Input(string terminalId, byte[] data)
    {
        if (data is null)
        {
            throw new SandboxException(ErrorCode.Invalid, "data: bytes");
        }

        if (data.Length > TtyFrame.MaxInput)
        {
            throw new SandboxException(ErrorCode.TooLarge, "One call takes 16 KiB.");
        }

        var viewer = Viewer(terminalId, TerminalRight.Type);
        if (data.Length > 0 && !viewer.TryInput(data))
        {
            throw new SandboxException(ErrorCode.Conflict, "The program does not read what is typed; wait, or interrupt it.");
        }

        viewer.Seat?.Typed();
        if (Caller.Share is { } share)
        {
            // Being there by a link does not keep a playground; typing does.
            presence.Touch(share.Playground);
        }
    }

    /// <summary>Tells how large the window is. Of the owner's the program is told; a link's is a wish, see <see cref="SizePolicy(string, string)"/>.</summary>
    public void Resize(string terminalId, int cols, int rows)
    {
        if (cols is < 1 or > 1000 || rows is < 1 or > 1000)
        {
            throw new SandboxException(ErrorCode.Invalid, "cols and rows: 1 to 1000");
        }

        var size = new TerminalSize(cols, rows);
        var viewer = Viewer(terminalId, TerminalRight.Watch);
        if (!viewer.Wants(size) && Caller.Share is null && audiences.Find(terminalId) is not { Policy: Terminals.SizePolicy.Smallest })
        {
            viewer.Resize((ushort)cols, (ushort)rows);
        }
    }

    /// <summary>How many bytes of the terminal the client holds.</summary>
    public void Ack(string terminalId, long bytesHeld)
    {
        if (bytesHeld < 0)
        {
            throw new SandboxException(ErrorCode.Invalid, "bytesHeld: 0 or more");
        }

        // Without a viewer there is nothing to acknowledge: an ack may cross the end of its stream.
        var caller = Caller;
        caller.Require(terminalId, TerminalRight.Watch);
        if (caller.Viewers.TryGetValue(terminalId, out var viewer))
        {
            viewer.Ack((ulong)bytesHeld);
            Held(caller, terminalId, viewer, bytesHeld);
        }
    }

    /// <summary>Hangs the terminal up.</summary>
    public void Close(string terminalId) => Viewer(terminalId, TerminalRight.Own).Close();

    /// <summary>Who is on the terminal, and its size: now, and after every change.</summary>
    public async IAsyncEnumerable<AudienceItem> Viewers(string terminalId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var caller = Caller;
        var reader = await ReaderAsync(caller, terminalId, cancellationToken);
        try
        {
            await foreach (var item in reader.ReadAsync(seat => caller.Viewers.TryGetValue(terminalId, out var viewer) && viewer.Seat == seat, cancellationToken))
            {
                yield return item;
            }
        }
        finally
        {
            reader.Dispose();
            caller.LeaveReader();
        }
    }

    /// <summary>Whose window decides the size: <c>owner</c>, the owner's that typed or was resized last, or <c>smallest</c> of all.</summary>
    public async Task SizePolicy(string terminalId, string policy)
    {
        var decided = policy switch
        {
            "owner" => Terminals.SizePolicy.Owner,
            "smallest" => Terminals.SizePolicy.Smallest,
            _ => throw new SandboxException(ErrorCode.Invalid, "policy: owner or smallest"),
        };
        (await AudienceAsync(Caller, terminalId, TerminalRight.Own, Context.ConnectionAborted)).Decide(decided);
    }

    /// <summary>What others see this viewer called.</summary>
    public void Introduce(string terminalId, string name)
    {
        var caller = Caller;
        caller.Require(terminalId, TerminalRight.Watch);
        caller.Pace();
        var called = Audiences.Name(name);
        if (!caller.Viewers.TryGetValue(terminalId, out var viewer) || viewer.Seat is not { } seat)
        {
            throw new SandboxException(ErrorCode.Conflict, "Attach first.");
        }

        seat.Call(called);
    }

    /// <summary>For whoever came by a link: what it opens.</summary>
    public async Task<SharedTerminal> Shared()
    {
        if (Caller is not { Share: { } share, Visit: { } visit })
        {
            throw new SandboxException(ErrorCode.NotFound, "You did not come by a link.");
        }

        var image = await links.ImageOfAsync(share, Context.ConnectionAborted) ?? throw TerminalDirectory.Unknown();
        return new SharedTerminal(share.Terminal.Value, image, share.Access.Text(), visit.Until == DateTimeOffset.MaxValue ? null : visit.Until);
    }

    private TerminalCaller Caller => (TerminalCaller)Context.Items[CallerKey]!;

    private async IAsyncEnumerable<TerminalItem> ViewAsync(string terminalId, long after, bool follows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (viewer, connection, playground, here) = await AttachedAsync(terminalId, after, follows, cancellationToken);
        var ended = false;
        try
        {
            await TellRecordingAsync(terminalId);

            // Before the first item, which of a quiet program may be hours away.
            await Clients.Caller.SendAsync("Attached", terminalId, cancellationToken);
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
            await DropAsync(terminalId, viewer);
            if (!Caller.Viewers.ContainsKey(terminalId))
            {
                await Groups.RemoveFromGroupAsync(Context.ConnectionId, RunningRecordings.GroupOf(terminalId), CancellationToken.None);
            }
        }

        if (!ended)
        {
            // The holder went without a word. The client attaches again, and learns then whether there is one.
            Forget(terminalId);
            throw HubFaults.Told(TerminalDirectory.Unknown());
        }
    }

    /// <summary>Counted first and looked up again then: a link revoked between the two is either seen here or cut there.</summary>
    private async Task EnterAsync(TerminalCaller caller, SharePass share)
    {
        if (visits.TryEnter(share, Context.Abort) is not { } visit)
        {
            Context.Abort();
        }
        else if (await links.StillGoodUntilAsync(share) is { } until)
        {
            visit.Until = until;
            caller.Visit = visit;
        }
        else
        {
            visit.Cut();
        }
    }

    /// <summary>The caller's viewer on a terminal. Whether they may is asked before there is one.</summary>
    private TerminalViewer Viewer(string terminal, TerminalRight right)
    {
        var caller = Caller;
        caller.Require(terminal, right);
        var viewers = caller.Viewers;
        if (viewers.TryGetValue(terminal, out var viewer))
        {
            return viewer;
        }

        if (!TerminalId.TryParse(terminal, out _))
        {
            // What is no id is not even remembered as one: it may be as long as a message.
            throw TerminalDirectory.Unknown();
        }

        if (viewers.Count >= MostViewers && !ForgetFailed(viewers))
        {
            throw new SandboxException(ErrorCode.Quota, $"One connection takes {MostViewers} terminals.");
        }

        var owner = caller.Owner;
        var aborted = Context.ConnectionAborted;
        var places = directory;
        var echo = latency.NewEchoWatch();
        return viewers.GetOrAdd(terminal, _ => new TerminalViewer(async () =>
        {
            var place = await places.FindAsync(owner, terminal, aborted);
            return await TtyConnection.ConnectAsync(place.Socket, aborted);
        }, echo));
    }

    /// <summary>Those that found no terminal are kept only so that the next call is refused at once; false when there are none.</summary>
    private static bool ForgetFailed(ConcurrentDictionary<string, TerminalViewer> viewers)
    {
        foreach (var pair in viewers.Where(pair => pair.Value.Connection.IsFaulted))
        {
            viewers.TryRemove(pair);
        }

        return viewers.Count < MostViewers;
    }

    private async Task<Audience> AudienceAsync(TerminalCaller caller, string terminal, TerminalRight right, CancellationToken cancellationToken)
    {
        caller.Require(terminal, right);
        var place = await directory.FindAsync(caller.Owner, terminal, cancellationToken);
        return audiences.Of(TerminalId.Parse(terminal), place.Playground);
    }

    /// <summary>What it throws is told already, as in <see cref="AttachedAsync"/>.</summary>
    private async Task<AudienceReader> ReaderAsync(TerminalCaller caller, string terminal, CancellationToken cancellationToken)
    {
        try
        {
            caller.Require(terminal, TerminalRight.Watch);
            caller.Pace();
            var audience = await AudienceAsync(caller, terminal, TerminalRight.Watch, cancellationToken);
            caller.EnterReader();
            return audience.Read();
        }
        catch (SandboxException fault)
        {
            throw HubFaults.Told(fault);
        }
    }

    private void Forget(string terminal)
    {
        var id = TerminalId.Parse(terminal);
        directory.Forget(id);
        audiences.Forget(id);
    }

    /// <summary>Attaches. What it throws is told already: filters do not see what a stream throws.</summary>
    private async Task<(TerminalViewer Viewer, TtyConnection Connection, PlaygroundId? Playground, IDisposable? Here)> AttachedAsync(string terminal, long after, bool follows, CancellationToken cancellationToken)
    {
        try
        {
            if (after < 0)
            {
                throw new SandboxException(ErrorCode.Invalid, "after: 0 or more");
            }

            var caller = Caller;
            caller.Require(terminal, TerminalRight.Watch);
            caller.Pace();
            var place = await directory.FindAsync(caller.Owner, terminal, cancellationToken);
            var viewer = await AttachableAsync(terminal);
            try
            {
                var connection = await viewer.Connection.WaitAsync(cancellationToken);
                if (follows && place.IsMarked)
                {
                    connection.Follow();
                }

                await connection.AttachAsync((ulong)after, cancellationToken, watches: caller.RightTo == TerminalRight.Watch);
                Held(caller, terminal, viewer, after);
                viewer.Sit(audiences.Of(TerminalId.Parse(terminal), place.Playground), caller.RightTo);
                return (viewer, connection, place.Playground, caller.Share is null ? presence.Enter(place.Playground) : null);
            }
            catch (Exception fault)
            {
                await DropAsync(terminal, viewer);
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
    private async Task TellRecordingAsync(string terminal)
    {
        await Groups.AddToGroupAsync(Context.ConnectionId, RunningRecordings.GroupOf(terminal), CancellationToken.None);
        if (recordings.Of(TerminalId.Parse(terminal)) is { } recorder)
        {
            await Clients.Caller.SendAsync("Recording", terminal, (double?)recorder.Elapsed.TotalSeconds);
        }
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

    /// <summary>The viewer that keys typed before this already wait in, else a fresh one in place of one that is attached.</summary>
    private async Task<TerminalViewer> AttachableAsync(string terminal)
    {
        var viewer = Viewer(terminal, TerminalRight.Watch);
        if (viewer.IsAttached || viewer.Connection.IsFaulted)
        {
            await DropAsync(terminal, viewer);
            viewer = Viewer(terminal, TerminalRight.Watch);
        }

        viewer.IsAttached = true;
        return viewer;
    }

    // The program does not wait for those who only watch, so nobody else may take their word for how far it is seen.
    private void Held(TerminalCaller caller, string terminal, TerminalViewer viewer, long bytes)
    {
        if (caller.RightTo > TerminalRight.Watch)
        {
            followers.Held(terminal, viewer, bytes);
        }
    }

    private ValueTask DropAsync(string terminal, TerminalViewer viewer)
    {
        Caller.Viewers.TryRemove(new KeyValuePair<string, TerminalViewer>(terminal, viewer));
        return viewer.DisposeAsync();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Attaching a viewer failed")]
        public static partial void AttachFailed(ILogger logger, Exception fault);
    }
}
