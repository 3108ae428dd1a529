using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using MessagePack;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>A connection to the hub on which anything can be sent, well formed or not.</summary>
internal sealed class RawHub : IAsyncDisposable
{
    private const byte RecordSeparator = 0x1E;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly WebSocket _socket;
    private readonly List<byte> _heard = [];
    private readonly byte[] _buffer = new byte[16 * 1024];
    private Task<ValueWebSocketReceiveResult>? _hearing;
    private int _probes;

    private RawHub(WebSocket socket, bool isMessagePack)
    {
        _socket = socket;
        IsMessagePack = isMessagePack;
    }

    public bool IsMessagePack { get; }

    /// <summary>The refusals, in the server's words.</summary>
    public List<string> Refusals { get; } = [];

    /// <summary>A socket on which nothing was sent yet.</summary>
    public static async Task<RawHub> OpenAsync(Caller caller, bool messagePack) => new(await caller.ConnectWebSocketAsync(), messagePack);

    /// <summary>A connection that has agreed on a protocol.</summary>
    public static async Task<RawHub> ConnectAsync(Caller caller, bool messagePack)
    {
        var hub = await OpenAsync(caller, messagePack);
        await hub.SendAsync(Encoding.UTF8.GetBytes($$"""{"protocol":"{{(messagePack ? "messagepack" : "json")}}","version":1}""" + (char)RecordSeparator));
        Assert.Equal("{}", await hub.HandshakeAsync());
        return hub;
    }

    /// <summary>The answer to a handshake; null when the connection was closed instead.</summary>
    public async Task<string?> HandshakeAsync()
    {
        for (var waiting = Stopwatch.StartNew(); !_heard.Contains(RecordSeparator);)
        {
            Assert.True(waiting.Elapsed < Patience, "neither an answer nor an end");
            if (!await HearAsync())
            {
                return null;
            }
        }

        var end = _heard.IndexOf(RecordSeparator);
        var text = Encoding.UTF8.GetString([.. _heard[..end]]);
        _heard.RemoveRange(0, end + 1);
        return text;
    }

    /// <summary>Sends bytes. A closed connection is no fault here: <see cref="ServesAsync"/> reports it.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes, bool text = false, bool whole = true)
    {
        try
        {
            await _socket.SendAsync(bytes, text ? WebSocketMessageType.Text : WebSocketMessageType.Binary, whole, TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);
        }
        catch (Exception gone) when (gone is WebSocketException or ObjectDisposedException or InvalidOperationException)
        {
            // ServesAsync reports it.
        }
    }

    /// <summary>Sends a message of the protocol, with the length or the end mark that it needs.</summary>
    public Task SendMessageAsync(byte[] message) => SendAsync((byte[])(IsMessagePack ? [.. Length(message.Length), .. message] : [.. message, RecordSeparator]));

    /// <summary>Asks for something harmless: true when it is answered, false when the server has closed the connection. Anything else is a hang.</summary>
    /// <param name="afterNonsense">Whether the server may be reading a message that has no end: then it is sent more until it hangs up.</param>
    public async Task<bool> ServesAsync(bool afterNonsense = true)
    {
        var waiting = Stopwatch.StartNew();
        var isFlooded = !afterNonsense;
        await ProbeAsync();
        while (true)
        {
            while (TakeMessage() is { } message)
            {
                if (Read(message) is { } answered && answered.StartsWith("probe-", StringComparison.Ordinal))
                {
                    return true;
                }
            }

            Assert.True(waiting.Elapsed < Patience, "neither an answer nor an end");
            if (!isFlooded && waiting.Elapsed > TimeSpan.FromMilliseconds(400))
            {
                // SignalR does not get past a message of a kind it does not know. It keeps no more than one message may
                // be long, and then hangs up.
                isFlooded = true;
                await SendAsync(Enumerable.Repeat((byte)0xC1, 70_000).ToArray());
            }

            if (!await HearAsync())
            {
                return false;
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    public delegate void Writing(ref MessagePackWriter writer);

    public static byte[] Pack(Writing write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        write(ref writer);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>[type, headers, id, target, arguments, streams]</summary>
    public static void Invocation(ref MessagePackWriter writer, int type, string? id, string target, Writing arguments)
    {
        writer.WriteArrayHeader(6);
        writer.Write(type);
        writer.WriteMapHeader(0);
        writer.Write(id);
        writer.Write(target);
        arguments(ref writer);
        writer.WriteArrayHeader(0);
    }

    /// <summary>A length as the protocol writes it before each message: seven bits a byte.</summary>
    public static byte[] Length(long length)
    {
        var bytes = new List<byte>();
        do
        {
            bytes.Add((byte)((length & 0x7F) + (length > 0x7F ? 0x80L : 0)));
            length >>= 7;
        }
        while (length > 0);
        return [.. bytes];
    }

    /// <summary>Whether bytes are messages to the last one, by the lengths before them.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var length = 0L;
            var count = 0;
            do
            {
                if (count == bytes.Length || count == 5)
                {
                    return false;
                }

                length += (bytes[count] & 0x7FL) << (7 * count);
            }
            while ((bytes[count++] & 0x80) != 0);
            if (length > bytes.Length - count)
            {
                return false;
            }

            bytes = bytes[(count + (int)length)..];
        }

        return true;
    }

    private Task ProbeAsync()
    {
        var probe = string.Create(CultureInfo.InvariantCulture, $"probe-{++_probes}");
        return SendMessageAsync(IsMessagePack
            ? Pack((ref MessagePackWriter writer) => Invocation(ref writer, 1, probe, "Ack", (ref MessagePackWriter arguments) =>
            {
                arguments.WriteArrayHeader(2);
                arguments.Write("aaaaaaaaaaaaaaaa");
                arguments.Write(0);
            }))
            : Encoding.UTF8.GetBytes($$"""{"type":1,"invocationId":"{{probe}}","target":"Ack","arguments":["aaaaaaaaaaaaaaaa",0]}"""));
    }

    /// <summary>Reads with a short timeout; false if the connection is closed.</summary>
    private async Task<bool> HearAsync()
    {
        try
        {
            _hearing ??= _socket.ReceiveAsync(_buffer.AsMemory(), TestContext.Current.CancellationToken).AsTask();
            if (await Task.WhenAny(_hearing, Task.Delay(100)) != _hearing)
            {
                return true;
            }

            var got = await _hearing;
            _hearing = null;
            if (got.MessageType == WebSocketMessageType.Close)
            {
                return false;
            }

            _heard.AddRange(_buffer.AsSpan(0, got.Count));
            return true;
        }
        catch (Exception gone) when (gone is WebSocketException or ObjectDisposedException or InvalidOperationException)
        {
            return false;
        }
    }

    private byte[]? TakeMessage()
    {
        var (start, length) = (0, 0);
        if (IsMessagePack)
        {
            for (var shift = 0; ; shift += 7)
            {
                if (start == _heard.Count)
                {
                    return null;
                }

                length += (_heard[start] & 0x7F) << shift;
                if ((_heard[start++] & 0x80) == 0)
                {
                    break;
                }
            }
        }
        else
        {
            length = _heard.IndexOf(RecordSeparator);
        }

        if (length < 0 || start + length > _heard.Count)
        {
            return null;
        }

        var message = _heard.GetRange(start, length).ToArray();
        _heard.RemoveRange(0, start + length + (IsMessagePack ? 0 : 1));
        return message;
    }

    // The invocation id of a completion, else null. Keeps its refusal.
    private string? Read(byte[] message)
    {
        if (!IsMessagePack)
        {
            var json = JsonNode.Parse(message)!;
            if (json["error"] is { } words)
            {
                Refusals.Add((string)words!);
            }

            return (int)json["type"]! == 3 ? (string?)json["invocationId"] : null;
        }

        var reader = new MessagePackReader(message);
        reader.ReadArrayHeader();
        switch (reader.ReadInt32())
        {
            case 3:
                reader.Skip();
                var id = reader.ReadString();
                if (reader.ReadInt32() == 1)
                {
                    Refusals.Add(reader.ReadString()!);
                }

                return id;
            case 7:
                if (!reader.TryReadNil())
                {
                    Refusals.Add(reader.ReadString()!);
                }

                return null;
            default:
                return null;
        }
    }
}
