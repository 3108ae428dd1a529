using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Testing;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>The daemon's adapter, with real root, crun and mounts.</summary>
internal sealed class LinuxUnderTest(LinuxHost host) : RuntimeUnderTest
{
    public override ISandboxRuntime Runtime => host.Runtime;

    public override Digest InteractiveImage => host.Busybox;
}
