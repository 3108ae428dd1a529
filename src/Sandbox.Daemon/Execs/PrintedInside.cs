using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Execs;

/// <summary>
/// What a program of ours prints in a sandbox with a kernel of its own. It is in the hands of root there, so it has an end:
/// in bytes and in time.
/// </summary>
internal static class PrintedInside
{
    private const int MostBytes = 256 << 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Runs a command of the host that starts the program inside, and returns the beginning of what it prints in its time.</summary>
    public static async Task<byte[]> ReadAsync(IReadOnlyList<string> command, ProcessWatch watch, CancellationToken cancellationToken, TimeSpan? patience = null)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var pipes = new PipeCapture(default, MostBytes);
        var pid = Tool.Spawn(command[0], [.. command.Skip(1)], pipes.Theirs[0], pipes.Theirs[1], pipes.Theirs[2]);
        foreach (var handle in pipes.Theirs)
        {
            handle.Dispose();
        }

        var ended = watch.WaitAsync(pid);
        var moved = pipes.RunAsync();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience ?? Patience);
        await using (limit.Token.Register(() => _ = Tool.Kill(pid, 9)))
        {
            await ended;
        }

        pipes.Ended();
        await moved;
        cancellationToken.ThrowIfCancellationRequested();
        return pipes.Stdout;
    }
}
