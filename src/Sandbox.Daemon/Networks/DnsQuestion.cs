using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// Asks our own resolver for the IPv4 addresses of a name, past the host's files and caches, which hold names that are not
/// for sandboxes. https://www.rfc-editor.org/rfc/rfc1035#section-4
/// </summary>
internal static class DnsQuestion
{
    private const int HeaderLength = 12;
    private const int Attempts = 3;
    private const ushort TypeAddress = 1;
    private const ushort TypeOptions = 41;
    private const ushort ClassInternet = 1;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The addresses; empty if the name has none, null if there was no answer.</summary>
    public static async Task<IReadOnlyList<IPAddress>?> AskAsync(IPEndPoint resolver, string name, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var question = Question(name, (ushort)RandomNumberGenerator.GetInt32(65_536));
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            try
            {
                await socket.ConnectAsync(resolver, patience.Token);
                await socket.SendAsync(question, patience.Token);
                var buffer = new byte[4096];
                int length;
                do
                {
                    length = await socket.ReceiveAsync(buffer, patience.Token);
                }
                while (length < HeaderLength || !buffer.AsSpan(0, 2).SequenceEqual(question.AsSpan(0, 2)));
                if (Answer(buffer.AsSpan(0, length)) is { } addresses)
                {
                    return addresses;
                }
            }
            catch (SocketException)
            {
                await Task.Delay(20, cancellationToken); // it is not up yet
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                continue;
            }
        }

        return null;
    }

    /// <summary>One question for A, with an OPT record that allows answers of 4096 bytes (RFC 6891).</summary>
    internal static byte[] Question(string name, ushort id)
    {
        var message = new List<byte>([(byte)(id >> 8), (byte)id, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1]);
        foreach (var label in name.Split('.'))
        {
            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }

        message.AddRange([0, 0, (byte)TypeAddress, 0, (byte)ClassInternet]);
        message.AddRange([0, 0, (byte)TypeOptions, 0x10, 0x00, 0, 0, 0, 0, 0, 0]);
        return [.. message];
    }

    /// <summary>The addresses of an answer: empty for a name without one (NXDOMAIN, no data), null for a failure or for bytes that are no answer.</summary>
    internal static IReadOnlyList<IPAddress>? Answer(ReadOnlySpan<byte> message)
    {
        if (message.Length < HeaderLength || (message[2] & 0x80) == 0 || (message[3] & 0x0f) is not (0 or 3))
        {
            return null;
        }

        var at = HeaderLength;
        for (var questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]); questions > 0; questions--)
        {
            at = SkipName(message, at) + 4;
        }

        var addresses = new List<IPAddress>();
        for (var answers = BinaryPrimitives.ReadUInt16BigEndian(message[6..]); answers > 0; answers--)
        {
            at = SkipName(message, at);
            if (at + 10 > message.Length)
            {
                break; // cut short: the addresses so far are addresses
            }

            var type = BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
            var length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
            at += 10;
            if (at + length > message.Length)
            {
                break;
            }

            if (type == TypeAddress && length == 4)
            {
                addresses.Add(new IPAddress(message.Slice(at, 4)));
            }

            at += length;
        }

        return addresses;
    }

    /// <summary>Where a name ends: at its empty label or behind a pointer. Names are not read, so no pointer is followed.</summary>
    private static int SkipName(ReadOnlySpan<byte> message, int at)
    {
        while (at < message.Length)
        {
            var length = message[at];
            if (length == 0)
            {
                return at + 1;
            }

            if (length >= 0xc0)
            {
                return at + 2;
            }

            at += 1 + length;
        }

        return message.Length;
    }
}
