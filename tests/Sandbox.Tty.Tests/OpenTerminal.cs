using System.Diagnostics;
using Sandbox.Rpc;
using Sandbox.Web.Terminals;

namespace Sandbox.Tty.Tests;

/// <summary>A terminal that a test opened.</summary>
internal sealed class OpenTerminal : IAsyncDisposable
{
    private OpenTerminal(Process holder, string socket, string line)
    {
        Holder = holder;
        Socket = socket;
        Line = line;
    }

    /// <summary>The program.</summary>
    public Process Holder { get; }

    public string Socket { get; }

    /// <summary>What the program said.</summary>
    public string Line { get; }

    public static async Task<OpenTerminal> StartAsync(HolderFixture fixture, params string[] command)
    {
        var socket = fixture.NewSocket();
        return await StartAsync(fixture.Program, socket, await fixture.ArgumentsAsync(socket, command));
    }

    /// <summary>Opens a shell that marks its commands.</summary>
    public static async Task<OpenTerminal> StartShellAsync(HolderFixture fixture, string nonce, string[] command, string[] environment)
    {
        var socket = fixture.NewSocket();
        return await StartAsync(fixture.Program, socket, await fixture.ArgumentsAsync(socket, command, nonce: nonce, environment: environment));
    }

    public static async Task<OpenTerminal> StartAsync(string program, string socket, string[] arguments)
    {
        var holder = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var line = await holder.StandardOutput.ReadToEndAsync().WaitAsync(Viewer.Limit);
        return new OpenTerminal(holder, socket, line);
    }

    public async Task<Viewer> ViewAsync(ulong after = 0, bool watches = false)
    {
        var connection = await ConnectAsync();
        await connection.AttachAsync(after, CancellationToken.None, watches);
        return new Viewer(connection, after);
    }

    /// <summary>A viewer that is told of the shell too.</summary>
    public async Task<Viewer> FollowAsync(ulong after = 0)
    {
        var connection = await ConnectAsync();
        connection.Follow();
        await connection.AttachAsync(after, CancellationToken.None);
        return new Viewer(connection, after);
    }

    /// <summary>A connection that asked for nothing yet.</summary>
    public async Task<TtyConnection> ConnectAsync() => new(await TerminalSockets.ConnectAsync(Socket, CancellationToken.None));

    public async ValueTask DisposeAsync()
    {
        if (!Holder.HasExited)
        {
            Holder.Kill();
        }

        await Holder.WaitForExitAsync();
        Holder.Dispose();
    }
}
