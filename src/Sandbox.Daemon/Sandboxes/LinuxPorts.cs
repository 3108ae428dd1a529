using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Execs;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Ports;
using Sandbox.Rpc;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>The ports and Docker daemons of the sandboxes of one Linux host.</summary>
internal sealed class LinuxPorts(LiveSandboxes sandboxes, OciRuntimes runtimes, InnerRelays relays, ProcessWatch watch, WorkGroups work) : ISandboxPorts
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Where a program may have to be started in the sandbox first. Shorter than what the web process waits.</summary>
    private static readonly TimeSpan InnerPatience = TimeSpan.FromSeconds(9);

    private readonly SharedAnswers<IReadOnlyList<int>> _inner = new();

    public Task<IReadOnlyList<int>> ListAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        var record = Running(sandbox);
        return HasOwnKernel(record)
            ? _inner.GetAsync(sandbox, () => ListInsideAsync(record.Spec), cancellationToken)
            : Task.Run(() => ListeningPorts.Of(record.Pid), cancellationToken);
    }

    public async Task<NetworkStream?> ConnectAsync(SandboxId sandbox, int port, CancellationToken cancellationToken) =>
        port is >= 1 and <= ushort.MaxValue && await OpenAsync(sandbox, port, cancellationToken) is { } socket ? new NetworkStream(socket, ownsSocket: true) : null;

    public async Task<NetworkStream?> ConnectToDockerAsync(SandboxId sandbox, CancellationToken cancellationToken) =>
        await OpenAsync(sandbox, PortsSocket.Docker, cancellationToken) is { } socket ? new NetworkStream(socket, ownsSocket: true) : null;

    /// <summary>
    /// Connects from within the sandbox's network: to 127.0.0.1, to ::1, and to its own address; or to its Docker daemon, see
    /// <see cref="PortsSocket.Docker"/>. Null if no program listens.
    /// </summary>
    public async Task<Socket?> OpenAsync(SandboxId sandbox, int port, CancellationToken cancellationToken)
    {
        var record = Running(sandbox);
        if (HasOwnKernel(record))
        {
            return await OpenInsideAsync(record, port, cancellationToken);
        }

        if (port == PortsSocket.Docker)
        {
            return await OpenDockerAsync(record, cancellationToken);
        }

        using var network = File.OpenHandle(string.Create(CultureInfo.InvariantCulture, $"/proc/{record.Pid}/ns/net"));
        if (!SandboxLauncher.IsAlive(record))
        {
            throw NotRunning(); // the pid may be somebody else's by now
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        foreach (var address in (IPAddress?[])[IPAddress.Loopback, IPAddress.IPv6Loopback, record.Address is { } own ? IPAddress.Parse(own) : null])
        {
            if (address is not null && await TryAsync(network, address, port, patience.Token) is { } socket)
            {
                return socket;
            }
        }

        return null;
    }

    /// <summary>The same where the sandbox's network is not one of the host. There is no Docker in it.</summary>
    private async Task<Socket?> OpenInsideAsync(Records.SandboxRecord record, int port, CancellationToken cancellationToken)
    {
        if (port is < 1 or > ushort.MaxValue)
        {
            return null;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(InnerPatience);
        return (record.Address is { } own ? await LinkedSocket.ConnectAsync(IPAddress.Parse(own), port, patience.Token) : null)
            ?? await relays.ConnectAsync(record, port, patience.Token);
    }

    private async Task<IReadOnlyList<int>> ListInsideAsync(SandboxSpec spec)
    {
        var command = runtimes.Gvisor.OwnCommand(spec.Id, SandboxBundle.ListSockets);
        var printed = await PrintedInside.ReadAsync(command, watch, pid => _ = work.EnterAsync(spec.Owner, pid), CancellationToken.None);
        return ListeningPorts.In(Encoding.ASCII.GetString(printed));
    }

    private static bool HasOwnKernel(Records.SandboxRecord record) => IsolationClasses.Find(record.Isolation).HasOwnKernel;

    private static async Task<Socket?> OpenDockerAsync(Records.SandboxRecord record, CancellationToken cancellationToken)
    {
        try
        {
            using var root = RootedDirectory.OpenWithMounts(string.Create(CultureInfo.InvariantCulture, $"/proc/{record.Pid}/root"));
            return SandboxLauncher.IsAlive(record) ? await InnerSocket.ConnectAsync(root, "run/docker.sock"u8.ToArray(), cancellationToken) : throw NotRunning();
        }
        catch (PosixException)
        {
            throw NotRunning();
        }
    }

    private static async Task<Socket?> TryAsync(Microsoft.Win32.SafeHandles.SafeFileHandle network, IPAddress address, int port, CancellationToken cancellationToken)
    {
        var (v4, v6) = NamespaceSocket.Make(network);
        var (used, other) = address.AddressFamily == AddressFamily.InterNetwork ? (v4, v6) : (v6, v4);
        other.Dispose();
        try
        {
            await used.ConnectAsync(address, port, cancellationToken);
            return used;
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            used.Dispose();
            return null;
        }
    }

    private Records.SandboxRecord Running(SandboxId sandbox)
    {
        var record = sandboxes.Find(sandbox).Record;
        return record.State == SandboxState.Running ? record : throw NotRunning();
    }

    private static SandboxException NotRunning() => new(ErrorCode.Conflict, "The sandbox does not run.");
}
