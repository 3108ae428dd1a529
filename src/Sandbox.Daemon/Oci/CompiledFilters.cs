using System.Collections.Concurrent;

namespace Sandbox.Daemon.Oci;

/// <summary>
/// The system call filters of classes as machine code for the kernel. crun makes it from the rules for each sandbox, which
/// takes some 15 ms for three architectures, and keeps it beside the sandbox's state. After the first launch of a class
/// every other gets that code.
/// https://github.com/containers/crun/blob/main/crun.1.md#runociseccomp_bpf_datapath
/// </summary>
internal sealed class CompiledFilters(OciRuntimes runtimes)
{
    private readonly ConcurrentDictionary<string, string> _byClass = new(StringComparer.Ordinal);

    /// <summary>The code of a class in base64; null before its first launch, and with a runtime that does not keep any.</summary>
    public string? Of(string isolation) => _byClass.GetValueOrDefault(isolation);

    /// <summary>Keeps the code of a sandbox that has started.</summary>
    public void Learn(string isolation, string sandbox)
    {
        if (!_byClass.ContainsKey(isolation) && runtimes.Of(isolation).FilterOf(sandbox) is { } code)
        {
            _byClass[isolation] = Convert.ToBase64String(code);
        }
    }
}
