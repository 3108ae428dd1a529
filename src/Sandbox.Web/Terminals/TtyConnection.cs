namespace Sandbox.Web.Terminals;
internal sealed record TtyItem(ulong Offset, ReadOnlyMemory<byte> Data, int? ExitCode);
internal sealed class TtyConnection : IAsyncDisposable
{
    public static Task<TtyConnection> ConnectAsync(string socket, CancellationToken ct) => throw new NotSupportedException();
    public Task AttachAsync(ulong after, CancellationToken ct) => throw new NotSupportedException();
    public IAsyncEnumerable<TtyItem> ReadAsync(CancellationToken ct) => throw new NotSupportedException();
    public bool TryInput(ReadOnlyMemory<byte> d) => false;
    public void Resize(ushort c, ushort r) {} public void Ack(ulong h) {} public void Close() {}
    public ValueTask DisposeAsync() => default;
}
