using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Testing;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>The port's conformance suite over the real thing.</summary>
[Collection(nameof(LinuxHost))]
public sealed class LinuxRuntimeConformance(LinuxHost host) : RuntimeConformance
{
    protected override ISandboxRuntime Runtime => host.Runtime;

    protected override Digest InteractiveImage => host.Busybox;
}
