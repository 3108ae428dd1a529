using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sandbox.Web.Recordings;

/// <summary>
/// Writes a terminal's output as asciicast v2 (https://docs.asciinema.org/manual/asciicast/v2/), whole lines only:
/// <code>
/// {"version":2,"width":80,"height":24,"timestamp":1764097200}
/// [0.25,"o","$ ls\r\n"]
/// [1.5,"r","120x40"]
/// [2.75,"m","make test"]
/// </code>
/// Never <c>"i"</c>: what is typed is recorded only as far as the terminal prints it, so a password is not.
/// </summary>
/// <remarks>
/// A character whose bytes came in two items waits for its end. What is not UTF-8 becomes U+FFFD, since JSON holds
/// text only; cutting the output elsewhere does not change what is written.
/// </remarks>
internal sealed class CastWriter(IBufferWriter<byte> lines) : IDisposable
{
    private const int LongestCharacter = 4;

    private readonly Utf8JsonWriter _json = new(lines, new JsonWriterOptions
    {
        // The file is never part of a page, and a box-drawing screen would be three times as long escaped.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    });

    private readonly IBufferWriter<byte> _lines = lines;
    private readonly byte[] _begun = new byte[LongestCharacter];
    private byte[] _joined = [];
    private long _last;

    /// <summary>Bytes of a character that has only begun: given, and not written yet.</summary>
    public int Begun { get; private set; }

    /// <summary>The time of the newest line, in milliseconds since the recording began.</summary>
    public long Last => _last;

    /// <summary>Begins a recording.</summary>
    public void Header(int cols, int rows, DateTimeOffset startedAt, string name)
    {
        _json.WriteStartObject();
        _json.WriteNumber("version"u8, 2);
        _json.WriteNumber("width"u8, cols);
        _json.WriteNumber("height"u8, rows);
        _json.WriteNumber("timestamp"u8, startedAt.ToUnixTimeSeconds());
        _json.WriteString("title"u8, name);
        _json.WriteStartObject("env"u8);
        _json.WriteString("TERM"u8, "xterm-256color"u8);
        _json.WriteEndObject();
        _json.WriteEndObject();
        EndLine();
    }

    /// <summary>Goes on with a recording whose newest line is of this time.</summary>
    public void GoOn(long last) => _last = last;

    /// <summary>The text that these bytes make with those that came before; the end of it may wait for more.</summary>
    public string Decode(ReadOnlySpan<byte> data)
    {
        if (Begun > 0)
        {
            if (_joined.Length < Begun + data.Length)
            {
                _joined = new byte[Begun + data.Length];
            }

            _begun.AsSpan(0, Begun).CopyTo(_joined);
            data.CopyTo(_joined.AsSpan(Begun));
            data = _joined.AsSpan(0, Begun + data.Length);
        }

        Begun = BegunAtEnd(data);
        data[^Begun..].CopyTo(_begun);
        return Encoding.UTF8.GetString(data[..^Begun]);
    }

    /// <summary>What began and never ended, as one replacement character; empty when nothing did.</summary>
    public string DecodeRest()
    {
        var rest = Encoding.UTF8.GetString(_begun.AsSpan(0, Begun));
        Begun = 0;
        return rest;
    }

    public void Output(long at, string text)
    {
        if (text.Length > 0)
        {
            Event(at, "o"u8, text);
        }
    }

    public void Resize(long at, int cols, int rows) =>
        Event(at, "r"u8, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{cols}x{rows}"));

    public void Mark(long at, string label) => Event(at, "m"u8, label);

    public void Dispose() => _json.Dispose();

    private static int BegunAtEnd(ReadOnlySpan<byte> data)
    {
        for (var count = 1; count < LongestCharacter && count <= data.Length; count++)
        {
            var first = data[^count];
            if (first >= 0xC0)
            {
                return Rune.DecodeFromUtf8(data[^count..], out _, out _) == OperationStatus.NeedMoreData ? count : 0;
            }

            if (first < 0x80)
            {
                return 0;
            }
        }

        return 0;
    }

    /// <summary>Time never goes back in a recording, even if the host's clock does.</summary>
    private void Event(long at, ReadOnlySpan<byte> code, string data)
    {
        _last = Math.Max(_last, at);
        _json.WriteStartArray();
        _json.WriteNumberValue(_last / 1000m);
        _json.WriteStringValue(code);
        _json.WriteStringValue(data);
        _json.WriteEndArray();
        EndLine();
    }

    private void EndLine()
    {
        _json.Flush();
        _json.Reset();
        _lines.Write("\n"u8);
    }
}
