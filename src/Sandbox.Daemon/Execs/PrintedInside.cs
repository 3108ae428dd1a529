using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Execs;

/// <summary>
/// The output of a program of ours in a sandbox with a kernel of its own. Root there controls the program, so its output is
/// limited in bytes and in time.
/// </summary>
internal static class PrintedInside
{
    private const int MostBytes = 256 << 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Runs a command of the host that starts the program inside, and returns the beginning of its output.</summary>
    /// <param name="command">The command.</param>
    /// <param name="watch">Tells when it has ended.</param>
    /// <param name="started">Gets its process number, so that its work counts as somebody's.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="patience">Its time.</param>
    public static async Task<byte[]> ReadAsync(IReadOnlyList<string> command, ProcessWatch watch, Action<int>? started, CancellationToken cancellationToken, TimeSpan? patience = null)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var pipes = new PipeCapture(default, MostBytes);
        var pid = Tool.Spawn(command[0], [.. command.Skip(1)], pipes.Theirs[0], pipes.Theirs[1], pipes.Theirs[2]);
        started?.Invoke(pid);
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
