using System.Net.Sockets;

namespace Sandbox.Core.Tests.Rpc;

/// <summary>Listens in the place of a terminal's holder, and says nothing.</summary>
internal sealed class ListeningHolder : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string _path;

    public ListeningHolder(string path)
    {
        _path = path;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _socket.Bind(new UnixDomainSocketEndPoint(path));
        _socket.Listen();
    }

    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(_path);
    }
}
