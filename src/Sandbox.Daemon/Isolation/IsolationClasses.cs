using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Daemon.Isolation.Container;
using Sandbox.Daemon.Isolation.Gvisor;
using Sandbox.Daemon.Isolation.Nested;

namespace Sandbox.Daemon.Isolation;

/// <summary>
/// The isolation classes of this daemon. A new class (one whose sandboxes are virtual machines, for hosts with a
/// <c>/dev/kvm</c> that works) is a folder beside <c>Container/</c> and an entry in <see cref="All"/>.
/// </summary>
internal static class IsolationClasses
{
    /// <summary>A container on the host's kernel, started by crun or runc.</summary>
    public static IsolationClass Container { get; } = ContainerClass.Create();

    /// <summary>A container in which Docker runs.</summary>
    public static IsolationClass Nested { get; } = NestedClass.Create(Container);

    /// <summary>Programs on a kernel of their own, started by runsc.</summary>
    public static IsolationClass Gvisor { get; } = GvisorClass.Create(Container);

    /// <summary>All classes, the default first.</summary>
    public static IReadOnlyList<IsolationClass> All { get; } = [Container, Nested, Gvisor];

    private static readonly Dictionary<string, IsolationClass> ByName = All.ToDictionary(isolation => isolation.Name, StringComparer.Ordinal);

    /// <summary>The names of the classes that this host has a program for, the default first.</summary>
    public static IReadOnlyList<string> Names => [.. All.Where(isolation => isolation.IsInstalled || isolation == Container).Select(isolation => isolation.Name)];

    /// <summary>The name of the class that a request asks for; null is the default.</summary>
    /// <param name="name">The name.</param>
    /// <param name="offered">The names of the classes that this host can start.</param>
    /// <exception cref="SandboxException">Invalid: there is no such class, or not on this host.</exception>
    public static string Choose(string? name, IReadOnlyList<string> offered) => name switch
    {
        null => Container.Name,
        _ when offered.Contains(name, StringComparer.Ordinal) => name,
        _ when ByName.TryGetValue(name, out var missing) => throw new SandboxException(
            ErrorCode.Invalid, $"isolation: this server has no {string.Join(" or ", missing.Programs)} that runs and starts the class '{name}'; there is {string.Join(", ", offered)}"),
        _ => throw new SandboxException(ErrorCode.Invalid, $"isolation: there is no class '{name}' here; there is {string.Join(", ", offered)}"),
    };

    /// <summary>The class of a new sandbox: the stronger of the one that is asked for and the image's.</summary>
    /// <exception cref="SandboxException">Invalid: the image may not have that class. IsolationUnavailable: it cannot run in it.</exception>
    public static string Choose(string? name, StoredImage image, IReadOnlyList<string> offered)
    {
        if (!IsolationDemand.Fits(image.Isolation, name))
        {
            throw new SandboxException(ErrorCode.IsolationUnavailable, $"isolation: this image is made for the class '{image.Isolation}' and cannot be started with '{name}'.");
        }

        var chosen = Choose(IsolationDemand.Strongest(name, image.Isolation), offered);
        return !Find(chosen).IsReserved || chosen == image.Isolation
            ? chosen
            : throw new SandboxException(ErrorCode.Invalid, $"isolation: this image cannot be started with the class '{chosen}'; only images that the operator made for it can.");
    }

    /// <summary>The class that a record names.</summary>
    public static IsolationClass Find(string name) =>
        ByName.TryGetValue(name, out var found) ? found : throw new InvalidOperationException($"there is no isolation class '{name}'");
}
