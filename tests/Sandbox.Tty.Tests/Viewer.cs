using System.Text;
using Sandbox.Terminals.Marks;
using Sandbox.Web.Terminals;
using Xunit;

namespace Sandbox.Tty.Tests;

/// <summary>A viewer that reads when a test asks it to, and keeps what it read.</summary>
internal sealed class Viewer : IAsyncDisposable
{
    /// <summary>Longer than anything here takes; only a failure waits for it.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _over = new();
    private readonly IAsyncEnumerator<TtyItem> _items;
    private readonly MemoryStream _output = new();

    public Viewer(TtyConnection connection, ulong after)
    {
        Connection = connection;
        Held = after;
        _items = connection.ReadAsync(_over.Token).GetAsyncEnumerator();
    }

    public TtyConnection Connection { get; }

    /// <summary>How many bytes of the terminal it holds.</summary>
    public ulong Held { get; private set; }

    public int? ExitCode { get; private set; }

    /// <summary>What was read last, and where it began.</summary>
    public (int Start, ReadOnlyMemory<byte> Data) Last { get; private set; }

    /// <summary>Where output was missing: what it held, and where it went on.</summary>
    public List<(ulong From, ulong To)> Gaps { get; } = [];

    /// <summary>How many bytes it read before the first gap.</summary>
    public long BeforeGap { get; private set; }

    /// <summary>The last screen that came in place of output.</summary>
    public (TtyScreenSize Size, ReadOnlyMemory<byte> Bytes)? Screen { get; private set; }

    public byte[] Output => _output.ToArray();

    public string Text => Encoding.UTF8.GetString(Output);

    public void Type(string text) => Assert.True(Connection.TryInput(Encoding.UTF8.GetBytes(text)), "the queue is full");

    /// <summary>Reads one item; false at the end.</summary>
    public async Task<bool> ReadAsync(bool acknowledge = true)
    {
        try
        {
            if (!await _items.MoveNextAsync().AsTask().WaitAsync(Limit))
            {
                return false;
            }
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"nothing came any more: {State}, held {Held}: {Text[^Math.Min(Text.Length, 2000)..]}", late);
        }

        var item = _items.Current;
        if (item.State is { } state)
        {
            State = state;
            return true;
        }

        ExitCode = item.ExitCode;
        Last = ((int)item.Offset, item.Data);
        if (item.Offset != Held)
        {
            Assert.True(item.Offset > Held, "output came twice");
            BeforeGap = Gaps.Count == 0 ? _output.Length : BeforeGap;
            Gaps.Add((Held, item.Offset));
        }

        Screen = item.Screen is { } size ? (size, item.Data) : Screen;
        _output.Write(item.Data.Span);
        Held = item.Offset + (ulong)item.Data.Length;
        if (acknowledge)
        {
            Connection.Ack(Held);
        }

        return true;
    }

    public static async Task EventuallyAsync(Func<bool> condition, string what)
    {
        for (var end = DateTime.UtcNow + Limit; !condition();)
        {
            Assert.True(DateTime.UtcNow < end, $"waited in vain for {what}");
            await Task.Delay(20);
        }
    }

    /// <summary>The latest it was told of the shell.</summary>
    public TtyState? State { get; private set; }

    public async Task<TtyState> UntilStateAsync(Func<TtyState, bool> found)
    {
        while (State is null || !found(State))
        {
            Assert.True(await ReadAsync(), $"it ended in {State}: {Text}");
        }

        return State;
    }

    public async Task UntilAsync(string text)
    {
        while (!Text.Contains(text, StringComparison.Ordinal))
        {
            Assert.True(await ReadAsync(), $"it ended before '{text}' came: {Text}");
        }
    }

    /// <summary>Reads until the terminal has this many bytes.</summary>
    public async Task UntilHeldAsync(ulong held)
    {
        while (Held < held)
        {
            Assert.True(await ReadAsync(), "it ended too early");
        }
    }

    public async Task<int?> ToEndAsync()
    {
        while (await ReadAsync())
        {
        }

        return ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await _over.CancelAsync();
        await _items.DisposeAsync();
        _over.Dispose();
    }
}
