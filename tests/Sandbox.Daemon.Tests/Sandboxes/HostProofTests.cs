using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

[Collection(nameof(LinuxHost))]
public sealed class HostProofTests(LinuxHost host)
{
    /// <summary>What every launch on this host relies on is proven, and a host below the policy is named.</summary>
    [Fact]
    public async Task Isolation_is_proven_by_trying_it_and_a_missing_check_refuses_the_host()
    {
        var services = host.Parts;
        var options = host.Options;
        var proof = Proof(options);

        Assert.Empty(await proof.RunAsync());

        Assert.Equal(HostProof.Names, proof.Results.Select(check => check.Name));
        Assert.Empty(proof.Results.Where(check => !check.IsProven && check.Name is not ("gvisor" or "kvm" or "egress_filter")).Select(check => $"{check.Name}: {check.Found}"));
        Assert.False(File.Exists(Path.Combine(options.DataDirectory, "proof.disk")));

        var gvisor = proof.Results.Single(check => check.Name == "gvisor");
        Assert.Equal(gvisor.IsProven ? [] : [$"gvisor: {gvisor.Found}"], await Proof(options with { RequiredIsolation = ["gvisor"] }).RunAsync());
        Assert.Equal(gvisor.IsProven, proof.Classes.Contains("gvisor", StringComparer.Ordinal));
        Assert.Equal(ErrorCode.IsolationUnavailable, Assert.Throws<SandboxException>(() => IsolationClasses.Choose("gvisor", ["container"])).Code);
        Assert.Contains("RequiredIsolation: 'magic' is no check", string.Join('\n', (options with { RequiredIsolation = ["magic"] }).Validate()), StringComparison.Ordinal);

        HostProof Proof(DaemonOptions with) => new(with, services.GetRequiredService<UidRanges>(), services.GetRequiredService<ProcessWatch>(), services.GetRequiredService<Tool>(), NullLogger<HostProof>.Instance);
    }
}
