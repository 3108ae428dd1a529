using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Rpc;
using Sandbox.Testing;

namespace Sandbox.Core.Tests.Rpc;

/// <summary>The runtime in memory behind both ends of the wire: nothing that the port promises is lost on the way.</summary>
internal sealed class RpcUnderTest : RuntimeUnderTest
{
    private readonly FakeRuntime _runtime = new();
    private readonly string _socket = RpcServer.NewSocket();
    private readonly StoredImage _image;
    private readonly RuntimeClient _client;
    private RpcServer? _server;

    public RpcUnderTest()
    {
        _image = _runtime.Store("busybox");
        _client = new RuntimeClient(_socket);
        _runtime.HoldTerminal = (sandbox, terminal) => new ListeningHolder(TerminalSockets.PathOf(Path.GetDirectoryName(_socket)!, sandbox, terminal));
    }

    public override ISandboxRuntime Runtime => _client;

    public override Digest InteractiveImage => _image.Digest;

    public override IReadOnlyList<string> KillItself => ["kill-itself"];

    public override IReadOnlyList<string> ExitWith(int code) => ["exit", $"{code}"];

    public override IReadOnlyList<string> PrintVariable(string name) => ["printenv", name];

    public override IReadOnlyList<string> WriteAndSleep(string path) => ["write-and-sleep", path];

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
