using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Sandbox.Web.Recordings;
using Xunit;

namespace Sandbox.Web.Tests.Recordings;

/// <summary>What a reader costs who takes its time.</summary>
public sealed class TranscriptTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_who_reads_slowly_makes_more_wait_than_a_few_lines()
    {
        // Of one item of output 130 bytes each make a line of 16 KiB.
        var line = string.Concat(Enumerable.Repeat("\e[999C", 17)) + "x";
        var item = JsonSerializer.Serialize(string.Concat(Enumerable.Repeat(line, 500)));
        var cast = "{\"version\":2}\n" + string.Concat(Enumerable.Repeat($"[1,\"o\",{item}]\n[1,\"m\",\"x\"]\n", 4)) + "[1,\"o\",\"torn";
        var most = PlainText.MostAtOnce + PlainText.MostLine + 1;
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var writing = Task.Run(
            async () =>
            {
                using var file = new MemoryStream(Encoding.UTF8.GetBytes(cast));
                await Transcript.WriteAsync(file, pipe.Writer, Token);
                await pipe.Writer.CompleteAsync();
            },
            Token);
        var all = 0L;
        while (await pipe.Reader.ReadAsync(Token) is { IsCompleted: false } read)
        {
            Assert.InRange(read.Buffer.Length, 1, most);
            all += read.Buffer.Length;
            pipe.Reader.AdvanceTo(read.Buffer.End);
        }

        await writing;
        Assert.Equal(4 * 500 * (PlainText.MostLine + 1), all);
    }

    [Fact]
    public async Task One_person_loads_so_many_at_once_and_gets_the_place_back_on_leaving()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var id = await place.RecordAsync();
        for (var block = 0; block < 320; block++)
        {
            await place.Holder.PrintAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("0123456789abcde\n", 4000))));
        }

        await WebUnderTest.Until(async () => (long)(await place.Client.GetAsync("/api/v1/recordings/" + id)).Json!["bytes"]! > 320 * 64_000);
        Assert.Equal(200, (await place.Client.PostAsync($"/api/v1/recordings/{id}/stop")).Status);
        var readers = new List<Socket>();
        foreach (var what in new[] { "transcript", "cast", "transcript", "cast" })
        {
            readers.Add(await BeginAsync(place, $"/api/v1/recordings/{id}/{what}"));
        }

        foreach (var what in new[] { "transcript", "cast" })
        {
            var refused = await place.Client.GetAsync($"/api/v1/recordings/{id}/{what}");
            Assert.Equal((429, "rate"), (refused.Status, refused.Code));
        }

        readers[0].Dispose();
        await WebUnderTest.Until(async () => (await place.Client.GetAsync($"/api/v1/recordings/{id}/transcript")).Status == 200);
        readers.ForEach(reader => reader.Dispose());
        await WebUnderTest.Until(async () =>
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => place.Client.GetAsync($"/api/v1/recordings/{id}/cast")));
            return answers.All(answer => answer.Status == 200);
        });
    }

    /// <summary>Asks, and reads no more than the first byte of the answer.</summary>
    private static async Task<Socket> BeginAsync(RecordedTerminal place, string path)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(place.Web.Url.Host, place.Web.Url.Port, Token);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {place.Web.Url.Authority}\r\nAuthorization: Bearer {place.Token}\r\n\r\n"), Token);
        var first = new byte[1];
        Assert.Equal(1, await socket.ReceiveAsync(first, Token));
        return socket;
    }
}
