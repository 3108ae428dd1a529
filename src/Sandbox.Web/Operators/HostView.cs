using Sandbox.Core.Runtime;

namespace Sandbox.Web.Operators;

/// <summary>The host of the sandboxes, as an operator sees it.</summary>
/// <param name="Adapter">The adapter of the runtime: linux.</param>
/// <param name="OciRuntime">The program that starts sandboxes, with its version.</param>
/// <param name="Architecture">amd64.</param>
/// <param name="Kernel">The release of the kernel.</param>
/// <param name="IsolationClasses">The classes that it can start, the default first.</param>
/// <param name="Checks">What isolates sandboxes, each with its result.</param>
public sealed record HostView(string Adapter, string OciRuntime, string Architecture, string Kernel, IReadOnlyList<string> IsolationClasses, IReadOnlyList<HostCheck> Checks)
{
    internal static HostView From(RuntimeInfo info) => new(info.Adapter, info.OciRuntime, info.Architecture, info.Kernel, info.Capabilities.IsolationClasses, info.Checks);
}
