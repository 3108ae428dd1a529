using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Records;
using Sandbox.Daemon.RootFileSystems;
using Sandbox.Daemon.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Isolation;

/// <summary>Process numbers of the host that sandboxes with a kernel of their own may take.</summary>
public sealed class KernelTasksTests
{
    [Fact]
    public async Task All_kernels_together_take_at_most_half_of_what_sandboxes_have()
    {
        var sandboxes = new LiveSandboxes();
        var kernels = new SandboxKernels(sandboxes, null!, null!, null!, null!);
        var each = SandboxKernels.TasksOf(Make("gvisor").Record);
        var most = (int)(SandboxKernels.MostTasks / each);
        var running = Make("gvisor", SandboxState.Running); // of an earlier daemon
        sandboxes.Set(running);
        var starting = Enumerable.Range(0, most + 4).Select(_ => Make("gvisor")).ToList();
        starting.ForEach(sandboxes.Set);

        var admitted = await Task.WhenAll(starting.Select(sandbox => Task.Run(() => IsAdmitted(sandbox))));

        Assert.True(each <= 1024);
        Assert.Equal(most - 1, admitted.Count(isIn => isIn));
        Assert.True(IsAdmitted(Make("container")));
        running.Record = running.Record with { State = SandboxState.Stopped };
        Assert.True(IsAdmitted(starting[Array.IndexOf(admitted, false)]));
        Assert.False(IsAdmitted(running));

        bool IsAdmitted(LiveSandbox sandbox)
        {
            try
            {
                kernels.Admit(sandbox);
                return true;
            }
            catch (SandboxException fault)
            {
                Assert.Equal(ErrorCode.Capacity, fault.Code);
                return false;
            }
        }
    }

    private static LiveSandbox Make(string isolation, SandboxState state = SandboxState.Starting)
    {
        var limits = new SandboxLimits(1, 256L << 20, 256, 64L << 20, 10_000);
        var spec = new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = PersonId.New(),
            Name = "main",
            Image = default!,
            Limits = limits,
            OwnerLimits = limits,
            Deadline = DateTimeOffset.MaxValue,
        };
        var record = new SandboxRecord
        {
            Spec = spec,
            State = state,
            Deadline = spec.Deadline,
            CreatedAt = DateTimeOffset.UnixEpoch,
            BootId = "",
            UidIndex = 0,
            Place = new NetworkPlace(0, 0),
            Config = new ImageConfig(),
            Isolation = isolation,
        };
        return new LiveSandbox(record, new RootFileSystem("/nowhere/root", "/nowhere/files"));
    }
}
