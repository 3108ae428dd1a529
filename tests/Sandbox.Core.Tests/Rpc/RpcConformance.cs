using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Rpc;
using Sandbox.Testing;

namespace Sandbox.Core.Tests.Rpc;

/// <summary>Nothing the port promises is lost on the way over the socket.</summary>
public sealed class RpcConformance : RuntimeConformance
{
    private readonly FakeRuntime _runtime = new();
    private readonly string _socket = RpcServer.NewSocket();
    private readonly StoredImage _image;
    private readonly RuntimeClient _client;
    private RpcServer? _server;

    public RpcConformance()
    {
        _image = _runtime.Store("busybox");
        _client = new RuntimeClient(_socket);
        _runtime.HoldTerminal = (sandbox, terminal) => new ListeningHolder(TerminalSockets.PathOf(Path.GetDirectoryName(_socket)!, sandbox, terminal));
    }

    protected override ISandboxRuntime Runtime => _client;

    protected override Digest InteractiveImage => _image.Digest;

    protected override IReadOnlyList<string> ExitWith(int code) => ["exit", $"{code}"];

    protected override IReadOnlyList<string> PrintVariable(string name) => ["printenv", name];

    protected override IReadOnlyList<string> KillItself => ["kill-itself"];

    public override async ValueTask InitializeAsync() => _server = await RpcServer.StartAsync(_socket, _runtime);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _client.Dispose();
        await _server!.DisposeAsync();
        _runtime.Dispose();
        Directory.Delete(Path.GetDirectoryName(_socket)!, recursive: true);
    }
}
