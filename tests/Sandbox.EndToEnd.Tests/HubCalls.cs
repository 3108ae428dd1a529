using System.Buffers;
using MessagePack;
using Microsoft.Playwright;

namespace Sandbox.EndToEnd.Tests;

/// <summary>The calls of a page to the terminal hub, read from its WebSocket.</summary>
internal sealed class HubCalls
{
    private readonly List<(string Method, int Cols, int Rows)> _sizes = [];

    public HubCalls(IPage page) => page.WebSocket += (_, socket) => socket.FrameSent += (_, frame) =>
    {
        if (frame.Binary is { } bytes)
        {
            Read(bytes);
        }
    };

    /// <summary>Every size sent by Open, OpenShell or Resize.</summary>
    public IReadOnlyList<(string Method, int Cols, int Rows)> Sizes
    {
        get
        {
            lock (_sizes)
            {
                return [.. _sizes];
            }
        }
    }

    /// <summary>https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md#messagepack-msgpack-encoding: a length, then [1, {}, invocation, "Resize", ["id", 80, 24], []]</summary>
    private void Read(ReadOnlyMemory<byte> frame)
    {
        while (!frame.IsEmpty)
        {
            var (length, shift, at) = (0, 0, 0);
            do
            {
                length |= (frame.Span[at] & 0x7f) << shift;
                shift += 7;
            }
            while ((frame.Span[at++] & 0x80) != 0 && at < frame.Length);
            if (length <= 0 || at + length > frame.Length)
            {
                return;
            }

            var reader = new MessagePackReader(new ReadOnlySequence<byte>(frame.Slice(at, length)));
            frame = frame[(at + length)..];
            if (reader.ReadArrayHeader() < 5 || reader.ReadInt32() != 1)
            {
                continue;
            }

            reader.Skip();
            reader.Skip();
            var method = reader.ReadString();
            if (method is "Open" or "OpenShell" or "Resize")
            {
                reader.ReadArrayHeader();
                reader.Skip();
                lock (_sizes)
                {
                    _sizes.Add((method, reader.ReadInt32(), reader.ReadInt32()));
                }
            }
        }
    }
}
