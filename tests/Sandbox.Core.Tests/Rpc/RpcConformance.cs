using Sandbox.Testing;

namespace Sandbox.Core.Tests.Rpc;

public sealed class RpcInfoConformance() : InfoConformance(new RpcUnderTest());

public sealed class RpcImagesConformance() : ImagesConformance(new RpcUnderTest());

public sealed class RpcSandboxesConformance() : SandboxesConformance(new RpcUnderTest());

public sealed class RpcExecsConformance() : ExecsConformance(new RpcUnderTest());

public sealed class RpcTerminalsConformance() : TerminalsConformance(new RpcUnderTest());

public sealed class RpcFilesConformance() : FilesConformance(new RpcUnderTest());
