using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Testing;

namespace Sandbox.Core.Tests.Runtime;

/// <summary>The runtime in memory keeps the promises of the port.</summary>
public sealed class FakeRuntimeConformance : RuntimeConformance
{
    private readonly FakeRuntime _runtime = new();
    private readonly StoredImage _image;

    public FakeRuntimeConformance() => _image = _runtime.Store("busybox");

    protected override ISandboxRuntime Runtime => _runtime;

    protected override Digest InteractiveImage => _image.Digest;

    protected override IReadOnlyList<string> ExitWith(int code) => ["exit", $"{code}"];

    protected override IReadOnlyList<string> PrintVariable(string name) => ["printenv", name];

    protected override IReadOnlyList<string> KillItself => ["kill-itself"];

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _runtime.Dispose();
    }
}
