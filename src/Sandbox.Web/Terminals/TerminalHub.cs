using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Terminals.Flow;
using Sandbox.Web.Leases;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Sharing;
using Sandbox.Web.Status;

namespace Sandbox.Web.Terminals;

/// <summary>
/// Terminals over SignalR. Bytes go from the holder's socket to the browser and back and are kept nowhere between; the
/// window of unacknowledged output is the holder's. Input, Resize, Ack and Close do not wait for anything, so calls of
/// one client take effect in the order they were sent.
/// </summary>
[Authorize(CallerClaims.TerminalPolicy)]
internal sealed class TerminalHub(
    OwnedPlaygrounds playgrounds,
    ISandboxRuntime runtime,
    TerminalDirectory directory,
    Presence presence,
    HubConnections connections,
    Audiences audiences,
    ShareVisits visits,
    ShareLinks links,
    TerminalStreams streams,
    LiveLatency latency,
    TerminalOpens opens) : Hub
{
    private static readonly object CallerKey = new();

    public override async Task OnConnectedAsync()
    {
        var caller = Called();
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

        await caller.Viewers.DropAllAsync();
    }

    /// <summary>Opens a terminal; command null is the image's own, or its shell.</summary>
    public Task<string> Open(string sandboxId, int cols, int rows, string[]? command) =>
        OpenAsync(sandboxId, new TerminalSpec { Id = TerminalId.New(), Cols = cols, Rows = rows, Command = command });

    /// <summary>Opens a shell, also where the image has a REPL of its own: in a directory, if there is such a one, else where the image's would be.</summary>
    public Task<string> OpenShell(string sandboxId, int cols, int rows, string? directory)
    {
        SandboxPath? path = null;
        if (directory is not null && !SandboxPath.TryParse(directory, out path))
        {
            throw new SandboxException(ErrorCode.Invalid, "directory: an absolute path without ..");
        }

        return OpenAsync(sandboxId, new TerminalSpec { Id = TerminalId.New(), Cols = cols, Rows = rows, IsShell = true, Directory = path });
    }

    private async Task<string> OpenAsync(string sandboxId, TerminalSpec spec)
    {
        var person = Caller.Person;
        opens.Check(person);
        if (!SandboxId.TryParse(sandboxId, out var sandbox))
        {
            throw new SandboxException(ErrorCode.NotFound, "You have no such sandbox.");
        }

        var row = await playgrounds.RowAsync(person, sandbox);
        var mistakes = TerminalRules.Validate(spec);
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        var playground = PlaygroundId.Parse(row.Id);
        presence.Touch(playground);
        latency.Opening(playground);
        var terminal = await runtime.Terminals.OpenAsync(sandbox, spec, Context.ConnectionAborted);
        directory.Add(terminal.Id, new TerminalPlace(person, playground, sandbox, terminal.Socket, terminal.IsMarked));
        audiences.Of(terminal.Id, playground).Sized(new TerminalSize(spec.Cols, spec.Rows));
        return terminal.Id.Value;
    }

    /// <summary>
    /// Everything the terminal prints after the client's first <paramref name="after"/> bytes; the last item carries the
    /// exit code. In place of what is no longer kept comes the screen.
    /// </summary>
    public IAsyncEnumerable<TerminalItem> Attach(string terminalId, long after, CancellationToken cancellationToken) =>
        streams.ViewAsync(Caller, terminalId, after, follows: false, cancellationToken);

    /// <summary>The same with items about the shell between them, where it marks its commands: first how it is now, then each change.</summary>
    public IAsyncEnumerable<TerminalItem> Follow(string terminalId, long after, CancellationToken cancellationToken) =>
        streams.ViewAsync(Caller, terminalId, after, follows: true, cancellationToken);

    /// <summary>Types. Enqueues and never waits; full is Conflict, which the client shows.</summary>
    public void Input(string terminalId, byte[] data) => Typed(terminalId, data, null);

    /// <summary>
    /// The same for a client that does not wait for the answer before it types on: <paramref name="at"/> is how many bytes
    /// were taken from it since it attached. With any other number nothing is taken, so that what was sent behind a call
    /// that was refused is refused too.
    /// </summary>
    public void Type(string terminalId, long at, byte[] data) => Typed(terminalId, data, at);

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
        if (caller.Viewers.Find(terminalId) is { } viewer)
        {
            viewer.Ack((ulong)bytesHeld);
            streams.Held(caller, terminalId, viewer, bytesHeld);
        }
    }

    /// <summary>Hangs the terminal up.</summary>
    public void Close(string terminalId)
    {
        var viewer = Viewer(terminalId, TerminalRight.Own);
        viewer.Close();
        if (!viewer.IsAttached)
        {
            // Nobody has its stream, at the end of which it would go.
            _ = streams.DropAsync(Caller, terminalId, viewer);
        }
    }

    /// <summary>Who is on the terminal, and its size: now, and after every change.</summary>
    public async IAsyncEnumerable<AudienceItem> Viewers(string terminalId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var caller = Caller;
        var reader = await ReaderAsync(caller, terminalId, cancellationToken);
        try
        {
            await foreach (var item in reader.ReadAsync(seat => caller.Viewers.Find(terminalId)?.Seat == seat, cancellationToken))
            {
                yield return item;
            }
        }
        finally
        {
            reader.Dispose();
            caller.LeaveReader();
            if (!directory.Knows(terminalId))
            {
                audiences.Forget(TerminalId.Parse(terminalId));
            }
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
        if (caller.Viewers.Find(terminalId)?.Seat is not { } seat)
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

    /// <summary>Counted first and looked up again then: a link revoked between the two is either seen here or cut there.</summary>
    private async Task EnterAsync(TerminalCaller caller, SharePass share)
    {
        if (visits.TryEnter(share, Context.Abort) is not { } visit)
        {
            Context.Abort();
        }
        else
        {
            // Before anything may fail: what is not known to be over is given back at the end of the connection.
            caller.Visit = visit;
            try
            {
                if (await links.StillGoodUntilAsync(share) is { } until)
                {
                    visit.Until = until;
                }
                else
                {
                    visit.Cut();
                }
            }
            catch
            {
                visit.Dispose();
                throw;
            }
        }
    }

    private TerminalCaller Called()
    {
        var (places, echoes, aborted) = (directory, latency, Context.ConnectionAborted);
        TerminalCaller? caller = null;
        return caller = new TerminalCaller(Context.User, Context.ConnectionId)
        {
            Cut = Context.Abort,
            Viewers = new HubViewers(terminal => new TerminalViewer(
                async () => await TtyConnection.ConnectAsync((await places.FindAsync(caller!.Owner, terminal, aborted)).Socket, aborted),
                echoes.NewEchoWatch())),
        };
    }

    /// <summary>The caller's viewer on a terminal. Whether they may is asked before there is one.</summary>
    private TerminalViewer Viewer(string terminal, TerminalRight right)
    {
        var caller = Caller;
        caller.Require(terminal, right);
        return caller.Viewers.Get(terminal);
    }

    private void Typed(string terminal, byte[] data, long? at)
    {
        if (data is null)
        {
            throw new SandboxException(ErrorCode.Invalid, "data: bytes");
        }

        if (data.Length > TtyFrame.MaxInput)
        {
            throw new SandboxException(ErrorCode.TooLarge, "One call takes 16 KiB.");
        }

        var viewer = Viewer(terminal, TerminalRight.Type);
        if (data.Length > 0 && !viewer.TryInput(data, at))
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

    private async Task<Audience> AudienceAsync(TerminalCaller caller, string terminal, TerminalRight right, CancellationToken cancellationToken)
    {
        caller.Require(terminal, right);
        var place = await directory.FindAsync(caller.Owner, terminal, cancellationToken);
        return audiences.Of(TerminalId.Parse(terminal), place.Playground);
    }

    /// <summary>What it throws is told already, as in <see cref="TerminalStreams"/>.</summary>
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
}
