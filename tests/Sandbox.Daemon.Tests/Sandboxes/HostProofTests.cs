using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Isolation;
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
        await proof.CompleteAsync();

        Assert.Equal(HostProof.Names, proof.Results.Select(check => check.Name));
        Assert.Empty(proof.Results.Where(check => !check.IsProven && check.Name is not ("gvisor" or "kvm" or "egress_filter")).Select(check => $"{check.Name}: {check.Found}"));
        Assert.False(File.Exists(Path.Combine(options.DataDirectory, "proof.disk")));

        Assert.Contains("a program ran on it: Linux version ", proof.Results.Single(check => check.Name == "gvisor").Found, StringComparison.Ordinal);
        Assert.Contains("gvisor", proof.Classes, StringComparer.Ordinal);
        Assert.DoesNotContain(services.GetRequiredService<OciRuntimes>().Gvisor.Known(), id => services.GetRequiredService<LiveSandboxes>().All.All(sandbox => sandbox.Id.Value != id));

        // A host on which runsc runs, and starts no kernel.
        var broken = options with { RequiredIsolation = ["gvisor"], TtyProgram = "/nowhere/sandbox-tty" };
        var without = Proof(broken);
        Assert.StartsWith("gvisor: runsc version ", Assert.Single(await without.RunAsync()), StringComparison.Ordinal);
        Assert.DoesNotContain("gvisor", without.Classes, StringComparer.Ordinal);
        Assert.Equal(ErrorCode.Invalid, Assert.Throws<SandboxException>(() => IsolationClasses.Choose("gvisor", without.Classes)).Code);
        Assert.Contains("RequiredIsolation: 'magic' is no check", string.Join('\n', (options with { RequiredIsolation = ["magic"] }).Validate()), StringComparison.Ordinal);

        HostProof Proof(DaemonOptions with) => ActivatorUtilities.CreateInstance<HostProof>(services, with, ActivatorUtilities.CreateInstance<GvisorTrial>(services, with));
    }
}
