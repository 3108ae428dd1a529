using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Testing;

namespace Sandbox.Core.Tests.Runtime;

/// <summary>The runtime in memory.</summary>
internal sealed class FakeUnderTest : RuntimeUnderTest
{
    private readonly FakeRuntime _runtime = new();
    private readonly StoredImage _image;

    public FakeUnderTest() => _image = _runtime.Store("busybox");

    public override ISandboxRuntime Runtime => _runtime;

    public override Digest InteractiveImage => _image.Digest;

    public override IReadOnlyList<string> KillItself => ["kill-itself"];

    public override IReadOnlyList<string> ExitWith(int code) => ["exit", $"{code}"];

    public override IReadOnlyList<string> PrintVariable(string name) => ["printenv", name];

    public override IReadOnlyList<string> WriteAndSleep(string path) => ["write-and-sleep", path];

    public override ValueTask DisposeAsync()
    {
        _runtime.Dispose();
        return base.DisposeAsync();
    }
}
