using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;
using Sandbox.Rpc;

namespace Sandbox.Daemon.Ports;

/// <summary>
/// Connections to ports that are open to a sandbox itself only, where the sandbox has a kernel of its own: no socket of the host
/// is on its loopback. One <c>sandbox-init relay</c> inside serves all connections of a sandbox. It gets one end of a pair of
/// sockets for each, the web process the other, and it ends when it has had none for some time.
/// </summary>
internal sealed partial class InnerRelays(OciRuntimes runtimes, ProcessWatch watch, WorkGroups work)
{
    private const byte Accepted = 1;

    /// <summary>One that has just ended may have been asked; after that, a sandbox whose root ends them all has no such ports.</summary>
    private const int MostAttempts = 2;

    /// <summary>Our ends of the pairs whose other ends relays read.</summary>
    private readonly Dictionary<SandboxId, Socket> _relays = [];

    /// <summary>Held while one of them is used: a descriptor that was closed may be another file by then.</summary>
    private readonly Lock _sending = new();

    /// <summary>Null if no program listens, or the sandbox has not answered before the call is cancelled.</summary>
    /// <exception cref="Core.Errors.SandboxException">Conflict: the sandbox has stopped.</exception>
    public async Task<Socket?> ConnectAsync(SandboxRecord record, int port, CancellationToken cancellationToken)
    {
        var message = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)port);
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var ours = Ask(record, message);
            switch (ours is null ? null : await AnswerAsync(ours, cancellationToken))
            {
                case Accepted:
                    return ours;
                case null:
                    ours?.Dispose();
                    break;
                default:
                    ours?.Dispose();
                    return null;
            }
        }

        return null;
    }

    /// <summary>Sends one end of a pair of sockets to the sandbox's relay, and starts that if there is none. Null if it takes no more.</summary>
    private Socket? Ask(SandboxRecord record, byte[] message)
    {
        var (ours, theirs) = MakePair();
        using (theirs)
        {
            lock (_sending)
            {
                var control = _relays.TryGetValue(record.Spec.Id, out var known) ? known : Start(record);
                if (SocketHandOver.TrySend(control, message, theirs))
                {
                    return ours;
                }

                Forget(record.Spec.Id, control);
            }
        }

        ours.Dispose();
        return null;
    }

    /// <summary>The byte that comes first; null if none came.</summary>
    private static async Task<byte?> AnswerAsync(Socket ours, CancellationToken cancellationToken)
    {
        var answer = new byte[1];
        try
        {
            return await ours.ReceiveAsync(answer, SocketFlags.None, cancellationToken) == 1 ? answer[0] : null;
        }
        catch (SocketException)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
    }

    private Socket Start(SandboxRecord record)
    {
        var (ours, theirs) = MakePair();
        using (theirs)
        using (var stdin = new SafeFileHandle(theirs.SafeHandle.DangerousGetHandle(), ownsHandle: false))
        using (var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            var command = runtimes.Gvisor.OwnCommand(record.Spec.Id, SandboxBundle.Relay);
            var pid = Tool.Spawn(command[0], [.. command.Skip(1)], stdin, nothing, nothing);
            _ = work.EnterAsync(record.Spec.Owner, pid);
            _relays[record.Spec.Id] = ours;
            _ = ForgetAsync(record.Spec.Id, ours, watch.WaitAsync(pid));
            return ours;
        }
    }

    private async Task ForgetAsync(SandboxId sandbox, Socket control, Task ended)
    {
        await ended;
        Forget(sandbox, control);
    }

    /// <summary>The next connection has another relay; without our end of the pair, this one ends after its connections.</summary>
    private void Forget(SandboxId sandbox, Socket control)
    {
        lock (_sending)
        {
            if (_relays.TryGetValue(sandbox, out var known) && ReferenceEquals(known, control))
            {
                _relays.Remove(sandbox);
            }

            control.Dispose();
        }
    }

    private static unsafe (Socket Ours, Socket Theirs) MakePair()
    {
        var ends = stackalloc int[2];
        Native.Check(SocketPair(1 /* AF_UNIX */, 1 /* SOCK_STREAM */ | 0x80000 /* SOCK_CLOEXEC */, 0, ends), "socketpair");
        return (new Socket(new SafeSocketHandle(ends[0], ownsHandle: true)), new Socket(new SafeSocketHandle(ends[1], ownsHandle: true)));
    }

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static unsafe partial int SocketPair(int family, int kind, int protocol, int* ends);
}
