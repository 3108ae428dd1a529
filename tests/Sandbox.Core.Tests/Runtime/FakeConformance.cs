using Sandbox.Testing;

namespace Sandbox.Core.Tests.Runtime;

public sealed class FakeInfoConformance() : InfoConformance(new FakeUnderTest());

public sealed class FakeImagesConformance() : ImagesConformance(new FakeUnderTest());

public sealed class FakeSandboxesConformance() : SandboxesConformance(new FakeUnderTest());

public sealed class FakeExecsConformance() : ExecsConformance(new FakeUnderTest());

public sealed class FakeTerminalsConformance() : TerminalsConformance(new FakeUnderTest());

public sealed class FakeFilesConformance() : FilesConformance(new FakeUnderTest());
