using System.Net.Sockets;
using Sandbox.Terminals.Flow;

namespace Sandbox.Tty.Tests;

/// <summary>A connection to a holder on which everything may be said, framed or not.</summary>
internal sealed class RawAsker : IDisposable
{
    private static readonly byte[] Kinds = [TtyFrame.Attach, TtyFrame.Watch, TtyFrame.Follow, TtyFrame.Ack, TtyFrame.Input, TtyFrame.Resize, TtyFrame.Data, TtyFrame.Exit, TtyFrame.Taken, TtyFrame.Screen, TtyFrame.State, 0, 0xFF];

    private readonly Socket _socket;

    private RawAsker(Socket socket) => _socket = socket;

    public static async Task<RawAsker> ConnectAsync(OpenTerminal terminal)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(terminal.Socket));
                return new RawAsker(socket);
            }
            catch (SocketException busy) when (busy.SocketErrorCode == SocketError.WouldBlock)
            {
                // As many wait already as may.
                socket.Dispose();
                await Task.Delay(5);
            }
        }
    }

    /// <summary>Says a few frames, most of them wrong, the last perhaps not to its end. False when the holder has hung up.</summary>
    public bool Babble(Random random)
    {
        for (var frames = random.Next(1, 8); frames > 0; frames--)
        {
            var length = random.Next(6) switch
            {
                0 => random.Next(),
                1 => TtyFrame.MaxInput + random.Next(3) - 1,
                2 => 4,
                3 => 0,
                _ => 8,
            };
            var kind = random.Next(4) == 0 ? (byte)random.Next(256) : Kinds[random.Next(Kinds.Length)];

            // A hang-up is no nonsense: the terminal would be gone.
            if (kind == TtyFrame.Close && length == 0)
            {
                length = 1;
            }

            var payload = new byte[Math.Min(length, TtyFrame.MaxInput + 1)];
            random.NextBytes(payload);
            byte[] frame = [kind, .. BitConverter.GetBytes(length), .. payload];
            if (!Send(frame.AsSpan(0, random.Next(10) == 0 ? random.Next(1, frame.Length) : frame.Length)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Attaches and asks no more, or begins to say something and does not end: what a client that is killed leaves.</summary>
    public void Cut(Random random)
    {
        byte[] attach = [TtyFrame.Attach, 8, 0, 0, 0, .. BitConverter.GetBytes(random.NextInt64(4 * TtyFrame.RingLength))];
        byte[] input = [TtyFrame.Input, .. BitConverter.GetBytes(TtyFrame.MaxInput), .. new byte[random.Next(TtyFrame.MaxInput)]];
        if (Send(attach.AsSpan(0, random.Next(1, attach.Length + 1))) && random.Next(2) == 0)
        {
            Hear();
            Send(input);
        }
    }

    /// <summary>Reads what there is now, and perhaps not all of it.</summary>
    public void Hear()
    {
        var buffer = new byte[10_000];
        if (_socket.Available > 0)
        {
            _ = _socket.Receive(buffer);
        }
    }

    public void Dispose() => _socket.Dispose();

    private bool Send(ReadOnlySpan<byte> bytes)
    {
        _socket.Blocking = false;
        try
        {
            // What the holder does not take now is never said.
            return _socket.Send(bytes, SocketFlags.None, out var error) >= 0 && error is SocketError.Success or SocketError.WouldBlock;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
