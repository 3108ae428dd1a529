using System.Globalization;
using System.Text;
using Sandbox.Terminals.Flow;
using Xunit;

namespace Sandbox.Tty.Tests;

/// <summary>The real program under viewers that come, stall, go, are cut off in the middle of a frame, or talk nonsense.</summary>
public sealed class StormTests(HolderFixture fixture) : IClassFixture<HolderFixture>
{
    private const int Last = 900_000;
    private const int Comers = 5;
    private const int LeastVisits = 4;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_byte_reaches_every_viewer_once_and_in_order_or_is_a_marked_gap(int seed)
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", $"stty -echo; echo ready; read line; seq 1 {Last}; read line; exit 9");
        var expected = Encoding.ASCII.GetBytes("ready\r\n" + string.Join("\r\n", Enumerable.Range(1, Last)) + "\r\n");
        await using var typist = await terminal.ConnectAsync();
        using var over = new CancellationTokenSource();
        var comers = Enumerable.Range(0, Comers).Select(number => new Comer(terminal, expected, new Random((100 * seed) + number))).ToList();
        var steady = new Comer(terminal, expected, new Random(seed));
        var visits = comers.Select(comer => Task.Run(() => comer.ComeAndGoAsync(over.Token))).ToList();
        var nonsense = Task.Run(() => TalkNonsenseAsync(terminal, new Random(seed), over.Token));

        Assert.True(typist.TryInput("\n"u8.ToArray()));
        await steady.ReadAllAsync();
        await over.CancelAsync();
        await Task.WhenAll(visits).WaitAsync(Viewer.Limit);
        await nonsense.WaitAsync(Viewer.Limit);
        Assert.All(comers, comer => Assert.InRange(comer.Visits, LeastVisits, int.MaxValue));

        // They come once more for what they do not hold.
        comers.Add(steady);
        await Task.WhenAll(comers.Select(comer => comer.ReadAllAsync()));

        // All are there when it ends: it does not wait for who may come after the last one has seen it.
        var ends = await Task.WhenAll(comers.Select(comer => comer.ReadToEndAsync()));
        Assert.True(typist.TryInput("\n"u8.ToArray()));
        await Task.WhenAll(ends);
        Assert.All(comers, comer => Assert.Equal((expected.Length, 9), (comer.Held, comer.ExitCode)));
    }

    [Fact]
    public async Task Nonsense_costs_its_connection_and_the_holder_no_memory()
    {
        await using var terminal = await OpenTerminal.StartAsync(
            fixture, "sh", "-c", "stty raw -echo; trap 'stty size' WINCH; echo ready; while :; do sleep 1; done");
        int handles;
        await using (var viewer = await terminal.ViewAsync())
        {
            await viewer.UntilAsync("ready");
            handles = Handles(terminal) - 1; // without this connection; before it, some may not be open yet
        }

        var random = new Random(7);
        var open = new Queue<RawAsker>();
        for (var round = 0; round < 1500; round++)
        {
            var asker = await RawAsker.ConnectAsync(terminal);
            if (asker.Babble(random) && random.Next(3) == 0)
            {
                asker.Hear();
                open.Enqueue(asker);
                if (open.Count > 30)
                {
                    open.Dequeue().Dispose();
                }
            }
            else
            {
                asker.Dispose();
            }
        }

        while (open.TryDequeue(out var asker))
        {
            asker.Dispose();
        }

        await using (var viewer = await terminal.ViewAsync())
        {
            viewer.Connection.Resize(33, 44);
            await viewer.UntilAsync("44 33");
        }

        await Viewer.EventuallyAsync(() => Handles(terminal) == handles, "every connection to be closed");
        Assert.InRange(Memory(terminal), 1, TtyFrame.RingLength + (2 * 1024 * 1024));
    }

    private static async Task TalkNonsenseAsync(OpenTerminal terminal, Random random, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            using var asker = await RawAsker.ConnectAsync(terminal);

            // Input would end the program's only read, so this one only looks as if it would attach.
            asker.Cut(random);
            await Task.Delay(random.Next(10), CancellationToken.None);
        }
    }

    private static int Handles(OpenTerminal terminal) => Directory.GetFileSystemEntries($"/proc/{terminal.Holder.Id}/fd").Length;

    private static int Memory(OpenTerminal terminal)
    {
        var line = File.ReadLines($"/proc/{terminal.Holder.Id}/smaps_rollup").Single(text => text.StartsWith("Private_Dirty:", StringComparison.Ordinal));
        return 1024 * int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    /// <summary>A viewer that remembers its offset over lost connections.</summary>
    private sealed class Comer(OpenTerminal terminal, byte[] expected, Random random)
    {
        public int Held { get; private set; }

        public int Visits { get; private set; }

        public int? ExitCode { get; private set; }

        public async Task ComeAndGoAsync(CancellationToken over)
        {
            // Also once the steady viewer has read all: on a busy host it may be through before these have come.
            while (!over.IsCancellationRequested || Visits < LeastVisits)
            {
                await using var viewer = await terminal.ViewAsync((ulong)Held);
                Visits++;
                var acknowledges = random.Next(4) > 0;
                var until = Held + random.Next(2 * TtyFrame.RingLength);

                // Without acknowledging, a viewer gets a window and no more.
                var items = acknowledges ? int.MaxValue : random.Next(3);
                for (; items > 0 && Held < until && Held < expected.Length && !over.IsCancellationRequested; items--)
                {
                    await TakeAsync(viewer, acknowledges);
                    if (random.Next(200) == 0)
                    {
                        await Task.Delay(random.Next(30), CancellationToken.None);
                    }
                }

                await Task.Delay(random.Next(60), CancellationToken.None);
            }
        }

        public async Task ReadAllAsync()
        {
            await using var viewer = await terminal.ViewAsync((ulong)Held);
            while (Held < expected.Length)
            {
                await TakeAsync(viewer, acknowledges: true);
            }
        }

        /// <summary>Is attached when it returns, and done when what it returns is.</summary>
        public async Task<Task> ReadToEndAsync()
        {
            var viewer = await terminal.ViewAsync((ulong)Held);
            return EndAsync(viewer);
        }

        private async Task EndAsync(Viewer reading)
        {
            await using var viewer = reading;
            ExitCode = await viewer.ToEndAsync();
        }

        private async Task TakeAsync(Viewer viewer, bool acknowledges)
        {
            Assert.True(await viewer.ReadAsync(acknowledges), "it ended");
            Check(viewer);
        }

        private void Check(Viewer viewer)
        {
            var (start, data) = viewer.Last;
            Assert.True(start >= Held, "bytes came twice");
            if (viewer.Screen is { } screen && screen.Bytes.Equals(data))
            {
                // It stands in place of the last bytes of what is skipped, all of which the ring had lost.
                Assert.True(start + data.Length > Held + TtyFrame.RingLength, $"the bytes from {Held} on were kept, and not sent");
                Held = start + data.Length;
                return;
            }

            Assert.True(start == Held || start <= expected.Length - TtyFrame.RingLength, $"the bytes from {Held} to {start} were kept, and not sent");
            Assert.True(expected.AsSpan(start, data.Length).SequenceEqual(data.Span), $"the bytes from {start} on are not what was printed");
            Held = start + data.Length;
        }
    }
}
