using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authorization;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Terminals.Flow;
using Sandbox.Web.Latency;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Sharing;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Hub;

/// <summary>
/// Terminals over SignalR. Bytes pass between the holder's socket and the browser without a buffer here; the holder keeps
/// the window of unacknowledged output. Input, Resize, Ack and Close do not wait for the terminal (see <see cref="ViewerAsync"/>
/// for the one exception), so calls of one client take effect in the order they were sent.
/// </summary>
[Authorize(Policy)]
internal sealed class TerminalHub(
    Ownership ownership,
    ISandboxRuntime runtime,
    TerminalDirectory directory,
    Presence presence,
    HubConnections connections,
    Audiences audiences,
    ShareVisits visits,
    ShareLinks links,
    TerminalStreams streams,
    LiveLatency latency,
    TerminalOpens opens) : Microsoft.AspNetCore.SignalR.Hub
{
    /// <summary>The policy of the hub: a person, or the holder of a link to one terminal.</summary>
    public const string Policy = "terminal";

    private static readonly object CallerKey = new();

    public override async Task OnConnectedAsync()
    {
        var caller = CreateCaller();
        Context.Items[CallerKey] = caller;
        if (caller.Share is { } share)
        {
            await EnterAsync(caller, share);
        }
        else if (!connections.TryEnter(caller.Person, caller.Cut))
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
            connections.Leave(caller.Person, caller.Cut);
        }

        await caller.Viewers.DropAllAsync();
    }

    /// <summary>
    /// Opens a terminal; command null is the image's own, or a shell if that is a service. The first who asks for the image's
    /// own gets the one that started with the sandbox.
    /// </summary>
    public Task<string> Open(string sandboxId, int cols, int rows, string[]? command) =>
        OpenAsync(sandboxId, new TerminalSpec { Id = TerminalId.New(), Cols = cols, Rows = rows, Command = command, MayBeOwn = command is null });

    /// <summary>Opens a shell even if the image's own command is a REPL. Starts in <paramref name="directory"/> if it exists, else in the image's working directory.</summary>
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

        var playground = await ownership.RequireAsync(person, sandbox);
        var mistakes = TerminalRules.Validate(spec);
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        presence.Touch(playground);
        latency.Opening(playground);
        var terminal = await runtime.Terminals.OpenAsync(sandbox, spec, Context.ConnectionAborted);
        directory.Add(terminal.Id, new TerminalPlace(person, playground, sandbox, terminal.IsMarked));
        audiences.Of(terminal.Id, playground).Sized(new TerminalSize(spec.Cols, spec.Rows));
        return terminal.Id.Value;
    }

    /// <summary>
    /// All output of the terminal after its first <paramref name="after"/> bytes; the last item carries the exit code.
    /// Output that is no longer kept is replaced by the screen.
    /// </summary>
    public IAsyncEnumerable<TerminalItem> Attach(string terminalId, long after, CancellationToken cancellationToken) =>
        streams.ViewAsync(Caller, terminalId, after, follows: false, cancellationToken);

    /// <summary>The same, interleaved with the states of a shell that marks its commands: its current state first, then each change.</summary>
    public IAsyncEnumerable<TerminalItem> Follow(string terminalId, long after, CancellationToken cancellationToken) =>
        streams.ViewAsync(Caller, terminalId, after, follows: true, cancellationToken);

    /// <summary>Types. Enqueues and never waits; full is Conflict, which the client shows.</summary>
    public Task Input(string terminalId, byte[] data) => TypeAsync(terminalId, data, null);

    /// <summary>
    /// The same for a client that types on without waiting for the result: <paramref name="at"/> is how many of its bytes
    /// were accepted since it attached. Any other number is refused, so calls sent after a refused one are refused too.
    /// </summary>
    public Task Type(string terminalId, long at, byte[] data) => TypeAsync(terminalId, data, at);

    /// <summary>Sets the size of the caller's window. The owner's resizes the terminal; a link holder's is a wish, see <see cref="SizePolicy(string, string)"/>.</summary>
    public async Task Resize(string terminalId, int cols, int rows)
    {
        if (cols is < 1 or > 1000 || rows is < 1 or > 1000)
        {
            throw new SandboxException(ErrorCode.Invalid, "cols and rows: 1 to 1000");
        }

        var size = new TerminalSize(cols, rows);
        var viewer = await ViewerAsync(terminalId, TerminalRight.Watch);
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

        // An ack may arrive after the end of its stream, when the viewer is gone.
        var caller = Caller;
        caller.Require(terminalId, TerminalRight.Watch);
        if (caller.Viewers.Find(terminalId) is { } viewer)
        {
            viewer.Ack((ulong)bytesHeld);
            streams.Held(caller, terminalId, viewer, bytesHeld);
        }
    }

    /// <summary>Hangs the terminal up.</summary>
    public async Task Close(string terminalId)
    {
        var viewer = await ViewerAsync(terminalId, TerminalRight.Own);
        viewer.Close();
        if (!viewer.IsAttached)
        {
            // Without a stream, whose end would drop the viewer, drop it here.
            _ = streams.DropAsync(Caller, terminalId, viewer);
        }
    }

    /// <summary>The viewers of a terminal and its size: now, and after every change.</summary>
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

    /// <summary>Which window decides the size: <c>owner</c>, the owner's window that typed or was resized last, or <c>smallest</c> of all.</summary>
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

    /// <summary>Sets the name that other viewers see.</summary>
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

    /// <summary>For the holder of a link: the terminal it opens.</summary>
    public async Task<SharedTerminal> Shared()
    {
        if (Caller is not { Share: { } share, Visit: { } visit })
        {
            throw new SandboxException(ErrorCode.NotFound, "You did not come by a link.");
        }

        var image = await links.ImageOfAsync(share, Context.ConnectionAborted) ?? throw TerminalDirectory.Unknown();
        return new SharedTerminal(share.Terminal.Value, image, await links.TitleOfAsync(image, Context.ConnectionAborted), share.Access.Text(), visit.Until == DateTimeOffset.MaxValue ? null : visit.Until);
    }

    private TerminalCaller Caller => (TerminalCaller)Context.Items[CallerKey]!;

    /// <summary>Counts the visit first and reads the link again after that, so a link revoked in between is either seen here or cut by the revocation.</summary>
    private async Task EnterAsync(TerminalCaller caller, SharePass share)
    {
        if (visits.TryEnter(share, Context.Abort) is not { } visit)
        {
            Context.Abort();
        }
        else
        {
            // Set before anything may fail: the end of the connection gives the place back.
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

    private TerminalCaller CreateCaller()
    {
        var (places, echoes, aborted) = (directory, latency, Context.ConnectionAborted);
        TerminalCaller? caller = null;
        return caller = new TerminalCaller(Context.User, Context.ConnectionId)
        {
            Cut = Context.Abort,
            Viewers = new HubViewers(terminal => new TerminalViewer(
                async () => await places.ConnectAsync(await places.FindAsync(caller!.Owner, terminal, aborted), TerminalId.Parse(terminal), aborted),
                echoes.NewEchoWatch())),
        };
    }

    /// <summary>
    /// The caller's viewer on a terminal. Checks the right before it creates one. Waits only for a terminal that this
    /// process does not remember as theirs: until it is found, no call for it may be answered as success.
    /// </summary>
    private async ValueTask<TerminalViewer> ViewerAsync(string terminal, TerminalRight right)
    {
        var caller = Caller;
        caller.Require(terminal, right);
        var viewer = caller.Viewers.Get(terminal);
        if (!directory.IsRemembered(caller.Owner, terminal))
        {
            _ = await viewer.Connection;
        }

        return viewer;
    }

    private async Task TypeAsync(string terminal, byte[] data, long? at)
    {
        if (data is null)
        {
            throw new SandboxException(ErrorCode.Invalid, "data: bytes");
        }

        if (data.Length > TtyFrame.MaxInput)
        {
            throw new SandboxException(ErrorCode.TooLarge, "One call takes 16 KiB.");
        }

        var viewer = await ViewerAsync(terminal, TerminalRight.Type);
        if (data.Length > 0 && !viewer.TryInput(data, at))
        {
            throw new SandboxException(ErrorCode.Conflict, "The program is not reading its input. Wait, or interrupt it.");
        }

        viewer.Seat?.Typed();
        if (Caller.Share is { } share)
        {
            // A link holder who only watches does not keep the playground alive; one who types does.
            presence.Touch(share.Playground);
        }
    }

    private async Task<Audience> AudienceAsync(TerminalCaller caller, string terminal, TerminalRight right, CancellationToken cancellationToken)
    {
        caller.Require(terminal, right);
        var place = await directory.FindAsync(caller.Owner, terminal, cancellationToken);
        return audiences.Of(TerminalId.Parse(terminal), place.Playground);
    }

    /// <summary>Throws HubException itself: hub filters do not see failures of streams.</summary>
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
            throw HubFaults.ToHubException(fault);
        }
    }
}
