using Sandbox.Testing;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

[Collection(nameof(LinuxHost))]
public sealed class LinuxInfoConformance(LinuxHost host) : InfoConformance(new LinuxUnderTest(host));

[Collection(nameof(LinuxHost))]
public sealed class LinuxImagesConformance(LinuxHost host) : ImagesConformance(new LinuxUnderTest(host));

[Collection(nameof(LinuxHost))]
public sealed class LinuxSandboxesConformance(LinuxHost host) : SandboxesConformance(new LinuxUnderTest(host));

[Collection(nameof(LinuxHost))]
public sealed class LinuxExecsConformance(LinuxHost host) : ExecsConformance(new LinuxUnderTest(host));

[Collection(nameof(LinuxHost))]
public sealed class LinuxTerminalsConformance(LinuxHost host) : TerminalsConformance(new LinuxUnderTest(host));

[Collection(nameof(LinuxHost))]
public sealed class LinuxFilesConformance(LinuxHost host) : FilesConformance(new LinuxUnderTest(host));
