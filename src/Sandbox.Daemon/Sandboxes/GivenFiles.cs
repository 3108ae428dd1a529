using Sandbox.Core.Files;
using Sandbox.Core.Networks;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>Files that the daemon writes into every sandbox at its launch: the host name and the resolver.</summary>
internal sealed class GivenFiles(PlaygroundNetworks networks)
{
    /// <summary>In many images a link into systemd-resolved, which does not run in a sandbox.</summary>
    public static SandboxPath ResolvConf { get; } = At("/etc/resolv.conf");

    private static SandboxPath Hosts { get; } = At("/etc/hosts");

    private static SandboxPath Hostname { get; } = At("/etc/hostname");

    /// <summary>Each with its text; they belong to root, as 0644.</summary>
    public IReadOnlyList<(SandboxPath Path, string Text)> Of(SandboxRecord record)
    {
        var name = record.Spec.Name;
        return
        [
            (ResolvConf, record.HasLink ? $"{Limits(record.Spec.Policy)}nameserver {networks.ResolverAddress}\n" : ""),
            (Hosts, $"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n{(record.HasLink ? networks.Address(record.Place) : "127.0.0.1")}\t{name}\n"),
            (Hostname, name + "\n"),
        ];
    }

    /// <summary>Why names are not found, for somebody who looks here.</summary>
    private static string Limits(NetworkPolicy policy) => policy switch
    {
        { Network: NetworkPolicy.Egress, Domains.Count: 0 } => "",
        { Network: NetworkPolicy.Egress } => $"# This sandbox {policy.Words}\n",
        _ => $"# This sandbox reaches {policy.Words}\n",
    };

    private static SandboxPath At(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new InvalidOperationException(text);
}
