using Sandbox.Core.Networks;
using Sandbox.Core.Runtime;

namespace Sandbox.Web.Receipts;

/// <summary>The parts of a receipt in words.</summary>
internal static class ReceiptWords
{
    /// <summary>A check of the runtime that says what the class gvisor is good for; it counts for that class only.</summary>
    private const string Gvisor = "gvisor";

    /// <summary>The filter of system calls to the host's kernel. gVisor answers the calls of its sandboxes itself.</summary>
    private const string Seccomp = "seccomp";

    /// <summary>Whether virtual machines would work here. No class rests on it.</summary>
    private const string Kvm = "kvm";

    private const string MicroVm = "microvm";

    /// <summary>The strongest last. No runtime has microvm so far; visitors who compare read that it is not there.</summary>
    private static readonly (string Name, string Title, string Meaning)[] Known =
    [
        ("container", "Container", "The programs share the kernel of this server. It shows them their own files, processes, users and network, and nothing of others."),
        ("nested", "Container with Docker inside", "The programs share the kernel of this server, as in a container. Root may start containers inside; all of them together have the limits of this sandbox."),
        (Gvisor, "gVisor", "The programs have a kernel of their own, which is itself a program with few rights. An attack on the kernel of this server first has to get through it."),
        (MicroVm, "microVM", "A small virtual machine: the programs have a Linux kernel of their own, and the processor keeps it apart."),
    ];

    /// <summary>The classes that a visitor compares: those of this server, and those that it lacks. nested is for one kind of image, and shown there.</summary>
    public static IReadOnlyList<ReceiptClassView> Classes(string chosen, IReadOnlyList<string> offered, IReadOnlyList<HostCheck> checks) =>
    [
        .. from known in Known
           where known.Name == chosen || known.Name != "nested"
           let isOffered = known.Name == chosen || offered.Contains(known.Name, StringComparer.Ordinal)
           select new ReceiptClassView(known.Name, known.Title, known.Name == MicroVm && !isOffered ? $"{known.Meaning} {WhyNoMachines(checks)}" : known.Meaning, isOffered),
    ];

    private static string WhyNoMachines(IReadOnlyList<HostCheck> checks) => checks.Any(check => check is { Name: Kvm, IsProven: true })
        ? "The /dev/kvm of this server works, but this version of Sandbox has no class for it."
        : "This server has no working /dev/kvm, which virtual machines need.";

    /// <summary>The checks that matter for a class. What the trials found is for operators.</summary>
    public static IReadOnlyList<ReceiptCheckView> Checks(string chosen, IReadOnlyList<HostCheck> checks) =>
    [
        .. checks.Where(check => check.Name switch { Kvm => false, Gvisor => chosen == Gvisor, Seccomp => chosen != Gvisor, _ => true })
            .Select(check => new ReceiptCheckView(check.Name, check.Title, check.Meaning, check.IsProven)),
    ];

    public static ReceiptNetworkView Network(NetworkPolicy policy) => new(policy.Network, policy.Domains, policy.Network switch
    {
        NetworkPolicy.None => "Nothing. It has no network.",
        NetworkPolicy.Playground => "The other nodes of its playground. It has no internet.",
        _ when policy.Domains.Count > 0 => $"The other nodes of its playground, and on the internet only these domains: {string.Join(", ", policy.Domains)}.",
        _ => "The public internet, and the other nodes of its playground.",
    });
}
