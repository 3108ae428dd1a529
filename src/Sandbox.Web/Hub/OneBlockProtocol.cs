using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Sandbox.Web.Hub;

/// <summary>
/// A protocol as it is, but with each item of output in one block of memory. What lies in several blocks leaves in as
/// many frames of the WebSocket, and each of those is a call of the kernel here and a copy more in the browser.
/// </summary>
internal sealed class OneBlockProtocol(IHubProtocol inner) : IHubProtocol
{
    // An item's offset, its names and what SignalR writes around it; with more than that it lies in two blocks.
    private const int Around = 256;

    public string Name => inner.Name;

    public int Version => inner.Version;

    public TransferFormat TransferFormat => inner.TransferFormat;

    public bool IsVersionSupported(int version) => inner.IsVersionSupported(version);

    public bool TryParseMessage(ref ReadOnlySequence<byte> input, IInvocationBinder binder, [NotNullWhen(true)] out HubMessage? message) =>
        inner.TryParseMessage(ref input, binder, out message);

    public ReadOnlyMemory<byte> GetMessageBytes(HubMessage message) => inner.GetMessageBytes(message);

    public void WriteMessage(HubMessage message, IBufferWriter<byte> output)
    {
        if (message is StreamItemMessage { Item: TerminalItem item })
        {
            var block = new BlockWriter(output, item.Data.Length + Around);
            inner.WriteMessage(message, block);
            block.Finish();
        }
        else
        {
            inner.WriteMessage(message, output);
        }
    }

    // Hands out one block of the output piece by piece.
    private sealed class BlockWriter(IBufferWriter<byte> output, int length) : IBufferWriter<byte>
    {
        private Memory<byte> _block = output.GetMemory(length);
        private int _count;

        public void Advance(int count) => _count += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (_block.Length - _count < Math.Max(sizeHint, 1))
            {
                Finish();
                _block = output.GetMemory(sizeHint);
            }

            return _block[_count..];
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public void Finish()
        {
            output.Advance(_count);
            _count = 0;
        }
    }
}
