using System.Text;
using System.Threading.Channels;

namespace Sandbox.Benchmarks;

/// <summary>A terminal in a client's hands, ours or a peer's: bytes out, bytes in.</summary>
internal abstract class Terminal : IAsyncDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(120);

    /// <summary>What it prints, in the pieces that arrive.</summary>
    protected abstract ChannelReader<ReadOnlyMemory<byte>> Output { get; }

    public abstract Task TypeAsync(ReadOnlyMemory<byte> keys);

    /// <summary>The client has taken this many bytes in all.</summary>
    protected virtual Task TookAsync(long bytes) => Task.CompletedTask;

    public abstract ValueTask DisposeAsync();

    private long _taken;

    public Task TypeAsync(string keys) => TypeAsync(Encoding.UTF8.GetBytes(keys));

    /// <summary>Until a shell asks for a command.</summary>
    public async Task PromptAsync()
    {
        var seen = new StringBuilder();
        while (!(seen.ToString() is var text && (text.Contains("# ", StringComparison.Ordinal) || text.Contains("$ ", StringComparison.Ordinal))))
        {
            seen.Append(Encoding.Latin1.GetString((await NextAsync()).Span));
        }
    }

    /// <summary>Ends the shell and takes what it still says until the other side hangs up.</summary>
    public async Task ExitAsync()
    {
        await TypeAsync("exit\n");
        try
        {
            while (true)
            {
                await NextAsync();
            }
        }
        catch (ChannelClosedException)
        {
            // It is gone.
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> NextAsync()
    {
        using var bounded = new CancellationTokenSource(Longest);
        if (!Output.TryRead(out var piece))
        {
            piece = await Output.ReadAsync(bounded.Token);
        }

        _taken += piece.Length;
        await TookAsync(_taken);
        return piece;
    }
}
