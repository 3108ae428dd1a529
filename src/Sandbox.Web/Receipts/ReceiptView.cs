namespace Sandbox.Web.Receipts;

/// <summary>What keeps one sandbox apart, in words for its visitor.</summary>
/// <param name="Sandbox">The sandbox's id.</param>
/// <param name="Name">The node's name.</param>
/// <param name="Isolation">The isolation class that it was started with: the name of one of <paramref name="Classes"/>.</param>
/// <param name="Classes">The classes from which it was chosen, the strongest last.</param>
/// <param name="Checks">What the class rests on; the server tried each when it started.</param>
/// <param name="Limits">What it may use of the server.</param>
/// <param name="Network">What its network reaches.</param>
public sealed record ReceiptView(
    string Sandbox,
    string Name,
    string Isolation,
    IReadOnlyList<ReceiptClassView> Classes,
    IReadOnlyList<ReceiptCheckView> Checks,
    ReceiptLimitsView Limits,
    ReceiptNetworkView Network);

/// <summary>An isolation class.</summary>
/// <param name="Name">container, nested, gvisor or microvm.</param>
/// <param name="Title">For people.</param>
/// <param name="Meaning">How it keeps a sandbox apart.</param>
/// <param name="IsOffered">Whether this server starts sandboxes with it.</param>
public sealed record ReceiptClassView(string Name, string Title, string Meaning, bool IsOffered);

/// <summary>One thing that the isolation rests on.</summary>
/// <param name="Name">In snake_case: user_namespaces.</param>
/// <param name="Title">For people.</param>
/// <param name="Meaning">What it is good for.</param>
/// <param name="IsProven">Whether it worked when the server tried it.</param>
public sealed record ReceiptCheckView(string Name, string Title, string Meaning, bool IsProven);

/// <summary>What a sandbox may use.</summary>
/// <param name="MemoryBytes">Memory; there is no swap on top.</param>
/// <param name="Cpus">Processor cores.</param>
/// <param name="DiskBytes">Bytes written over its image.</param>
/// <param name="Files">Files and directories made over its image.</param>
/// <param name="Processes">Processes and threads.</param>
public sealed record ReceiptLimitsView(long MemoryBytes, double Cpus, long DiskBytes, long Files, int Processes);

/// <summary>What a sandbox's network reaches.</summary>
/// <param name="Reach">egress, playground or none.</param>
/// <param name="Domains">With egress, the only domains that it reaches; empty is all of the internet.</param>
/// <param name="Words">The same in words.</param>
public sealed record ReceiptNetworkView(string Reach, IReadOnlyList<string> Domains, string Words);
