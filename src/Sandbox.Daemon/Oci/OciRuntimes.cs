using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Oci;

/// <summary>The OCI runtime of each isolation class. Classes that name the same program share one.</summary>
internal sealed class OciRuntimes
{
    private readonly Dictionary<string, OciRuntime> _byClass = new(StringComparer.Ordinal);

    public OciRuntimes(DaemonOptions options, Tool tool)
    {
        var byProgram = new Dictionary<string, OciRuntime>(StringComparer.Ordinal);
        foreach (var isolation in IsolationClasses.All)
        {
            var program = Choose(isolation, options.OciRuntime);
            if (!byProgram.TryGetValue(program, out var runtime))
            {
                // The default's directory has no program in its name: sandboxes of earlier daemons are in it.
                var state = byProgram.Count == 0 ? "oci" : "oci-" + program;
                var directory = Path.Combine(options.RunDirectory, state);
                byProgram[program] = runtime = isolation.HasOwnKernel ? Gvisor = new GvisorRuntime(program, directory, tool) : new OciRuntime(program, directory, tool);
            }

            _byClass[isolation.Name] = runtime;
        }

        All = [.. byProgram.Values];
    }

    /// <summary>Each program once, that of the default class first.</summary>
    public IReadOnlyList<OciRuntime> All { get; }

    /// <summary>The runtime of sandboxes with a kernel of their own.</summary>
    public GvisorRuntime Gvisor { get; } = null!;

    /// <summary>The runtime of a class, by the name in a sandbox's record.</summary>
    public OciRuntime Of(string isolation) => _byClass[isolation];

    /// <summary>The operator's choice if the class can be started by it, else the first program of the class that is installed.</summary>
    private static string Choose(IsolationClass isolation, string? wanted) =>
        wanted is not null && isolation.Programs.Contains(wanted, StringComparer.Ordinal)
            ? wanted
            : isolation.Programs.FirstOrDefault(program => Array.Exists(IsolationClass.Directories, directory => File.Exists(Path.Combine(directory, program)))) ?? isolation.Programs[0];
}
