using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;

namespace Sandbox.Web.Recordings;

/// <summary>
/// Writes what a recording's events printed as plain text: event by event, and no more than
/// <see cref="PlainText.MostAtOnce"/> of it before a slow reader has taken that.
/// </summary>
internal static class Transcript
{
    private const int MostAtOnce = 64 * 1024;

    /// <summary>Transcripts are CPU-bound and short, so one line of one recording is made at a time.</summary>
    private static readonly SemaphoreSlim Turn = new(1, 1);

    public static async Task WriteAsync(Stream cast, PipeWriter lines, CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(cast, new StreamPipeReaderOptions(bufferSize: MostAtOnce, leaveOpen: true));
        try
        {
            await WriteAsync(reader, lines, cancellationToken);
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static async Task WriteAsync(PipeReader cast, PipeWriter lines, CancellationToken cancellationToken)
    {
        var plain = new PlainText();
        var unflushed = 0;
        while (true)
        {
            var read = await cast.ReadAsync(cancellationToken);
            if (read.Buffer.PositionOf((byte)'\n') is not { } end)
            {
                // What is no whole line is being written just now.
                cast.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }

                continue;
            }

            var line = read.Buffer.Slice(0, end);
            var output = ArrayPool<char>.Shared.Rent((int)line.Length);
            try
            {
                var length = Output(line, output);
                cast.AdvanceTo(read.Buffer.GetPosition(1, end));
                for (var at = 0; at < length;)
                {
                    // Not while the reader is waited for.
                    await Turn.WaitAsync(cancellationToken);
                    try
                    {
                        var (taken, written) = plain.Read(output.AsSpan(at, length - at), lines);
                        at += taken;
                        unflushed += written;
                    }
                    finally
                    {
                        Turn.Release();
                    }

                    if (unflushed >= PlainText.MostAtOnce)
                    {
                        await lines.FlushAsync(cancellationToken);
                        unflushed = 0;
                    }
                }
            }
            finally
            {
                ArrayPool<char>.Shared.Return(output);
            }
        }

        plain.End(lines);
        await lines.FlushAsync(cancellationToken);
    }

    /// <summary>How much was printed, if that is what the line tells.</summary>
    private static int Output(ReadOnlySequence<byte> line, Span<char> output)
    {
        var json = new Utf8JsonReader(line);
        return json.Read() && json.TokenType == JsonTokenType.StartArray && json.Read() && json.Read() && json.ValueTextEquals("o"u8) && json.Read()
            ? json.CopyString(output)
            : 0;
    }
}
