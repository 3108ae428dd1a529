using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Web.Leases;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Terminals;

/// <summary>
/// Terminals over SignalR. Bytes go from the holder's socket to the browser and back and are kept nowhere between; the
/// window of unacknowledged output is the holder's. Input, Resize, Ack and Close do not wait for anything, so calls of
/// one client take effect in the order they were sent.
/// </summary>
[Authorize(CallerClaims.PersonPolicy)]
internal sealed partial class TerminalHub(
    OwnedPlaygrounds playgrounds,
    ISandboxRuntime runtime,
    TerminalDirectory directory,
    Presence presence,
    HubConnections connections,
    ILogger<TerminalHub> logger) : Hub
{
    private const int MostViewers = 64;

    private static readonly object ViewersKey = new();

    public override Task OnConnectedAsync()
    {
        Context.Items[ViewersKey] = new ConcurrentDictionary<string, TerminalViewer>(StringComparer.Ordinal);
        if (!connections.TryEnter(Person))
        {
            Context.Abort();
        }

        return Task.CompletedTask;
    }

    public override async Task OnDisconnectedAsync(Exception? exception)
    {
        connections.Leave(Person);
        foreach (var viewer in Viewers.Values)
        {
            await viewer.DisposeAsync();
        }
    }

    /// <summary>Opens a terminal; command null is the image's own, or its shell.</summary>
    public async Task<string> Open(string sandboxId, int cols, int rows, string[]? command)
    {
        if (!SandboxId.TryParse(sandboxId, out var sandbox))
        {
            throw new SandboxException(ErrorCode.NotFound, "You have no such sandbox.");
        }

        var row = await playgrounds.RowAsync(Person, sandbox);
        var spec = new TerminalSpec { Id = TerminalId.New(), Cols = cols, Rows = rows, Command = command };
        var mistakes = CommandRules.Validate(spec);
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        var playground = PlaygroundId.Parse(row.Id);
        presence.Touch(playground);
        var terminal = await runtime.OpenTerminalAsync(sandbox, spec, Context.ConnectionAborted);
        directory.Add(terminal.Id, new TerminalPlace(Person, playground, sandbox, terminal.Socket));
        return terminal.Id.Value;
    }

    /// <summary>Everything the terminal prints after the client's first <paramref name="after"/> bytes; the last item carries the exit code.</summary>
    public async IAsyncEnumerable<TerminalItem> Attach(string terminalId, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (viewer, connection, here) = await AttachedAsync(terminalId, after, cancellationToken);
        var ended = false;
        try
        {
            await using var items = connection.ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await NextAsync(items))
            {
                ended |= items.Current.ExitCode is not null;
                yield return new TerminalItem((long)items.Current.Offset, items.Current.Data, items.Current.ExitCode);
            }
        }
        finally
        {
            here.Dispose();
            await DropAsync(terminalId, viewer);
        }

        if (!ended)
        {
            // The holder went without a word. The client attaches again, and learns then whether there is one.
            directory.Forget(TerminalId.Parse(terminalId));
            throw HubFaults.Told(TerminalDirectory.Unknown());
        }
    }

    /// <summary>Types. Enqueues and never waits; full is Conflict, which the client shows.</summary>
    public void Input(string terminalId, byte[] data)
    {
        if (data.Length > TtyFrame.MaxInput)
        {
            throw new SandboxException(ErrorCode.TooLarge, "One call takes 16 KiB.");
        }

        if (data.Length > 0 && !Viewer(terminalId).TryInput(data))
        {
            throw new SandboxException(ErrorCode.Conflict, "The program does not read what is typed; wait, or interrupt it.");
        }
    }

    /// <summary>Tells the program how large the window is.</summary>
    public void Resize(string terminalId, int cols, int rows)
    {
        if (cols is < 1 or > 1000 || rows is < 1 or > 1000)
        {
            throw new SandboxException(ErrorCode.Invalid, "cols and rows: 1 to 1000");
        }

        Viewer(terminalId).Resize((ushort)cols, (ushort)rows);
    }

    /// <summary>How many bytes of the terminal the client holds.</summary>
    public void Ack(string terminalId, long bytesHeld)
    {
        if (bytesHeld < 0)
        {
            throw new SandboxException(ErrorCode.Invalid, "bytesHeld: 0 or more");
        }

        // Without a viewer there is nothing to acknowledge: an ack may cross the end of its stream.
        if (Viewers.TryGetValue(terminalId, out var viewer))
        {
            viewer.Ack((ulong)bytesHeld);
        }
    }

    /// <summary>Hangs the terminal up.</summary>
    public void Close(string terminalId) => Viewer(terminalId).Close();

    private PersonId Person => Context.User?.Person() ?? throw new SandboxException(ErrorCode.NotFound, "Nobody is signed in.");

    private ConcurrentDictionary<string, TerminalViewer> Viewers => (ConcurrentDictionary<string, TerminalViewer>)Context.Items[ViewersKey]!;

    private TerminalViewer Viewer(string terminal)
    {
        var viewers = Viewers;
        if (viewers.TryGetValue(terminal, out var viewer))
        {
            return viewer;
        }

        if (viewers.Count >= MostViewers)
        {
            throw new SandboxException(ErrorCode.Quota, $"One connection takes {MostViewers} terminals.");
        }

        var person = Person;
        var aborted = Context.ConnectionAborted;
        var places = directory;
        return viewers.GetOrAdd(terminal, _ => new TerminalViewer(async () =>
        {
            var place = await places.FindAsync(person, terminal, aborted);
            return await TtyConnection.ConnectAsync(place.Socket, aborted);
        }));
    }

    /// <summary>Attaches. What it throws is told already: filters do not see what a stream throws.</summary>
    private async Task<(TerminalViewer Viewer, TtyConnection Connection, IDisposable Here)> AttachedAsync(string terminal, long after, CancellationToken cancellationToken)
    {
        try
        {
            if (after < 0)
            {
                throw new SandboxException(ErrorCode.Invalid, "after: 0 or more");
            }

            var place = await directory.FindAsync(Person, terminal, cancellationToken);
            var viewer = await AttachableAsync(terminal);
            try
            {
                var connection = await viewer.Connection.WaitAsync(cancellationToken);
                await connection.AttachAsync((ulong)after, cancellationToken);
                return (viewer, connection, presence.Enter(place.Playground));
            }
            catch (Exception fault)
            {
                await DropAsync(terminal, viewer);
                if (fault is SocketException or IOException)
                {
                    directory.Forget(TerminalId.Parse(terminal));
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
        var viewer = Viewer(terminal);
        if (viewer.IsAttached || viewer.Connection.IsFaulted)
        {
            await DropAsync(terminal, viewer);
            viewer = Viewer(terminal);
        }

        viewer.IsAttached = true;
        return viewer;
    }

    private ValueTask DropAsync(string terminal, TerminalViewer viewer)
    {
        Viewers.TryRemove(new KeyValuePair<string, TerminalViewer>(terminal, viewer));
        return viewer.DisposeAsync();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Attaching a viewer failed")]
        public static partial void AttachFailed(ILogger logger, Exception fault);
    }
}
