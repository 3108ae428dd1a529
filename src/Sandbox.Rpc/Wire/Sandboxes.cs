using Sandbox.Core.Quotas;
using CoreFile = Sandbox.Core.Recipes.RecipeFile;
using Port = Sandbox.Core.Sandboxes;

namespace Sandbox.Rpc.Wire;

/// <summary>Sandboxes in and out of messages.</summary>
internal static class Sandboxes
{
    internal static SandboxSpec ToWire(this Port.SandboxSpec spec)
    {
        var wire = new SandboxSpec
        {
            Id = spec.Id.Value,
            Playground = spec.Playground.Value,
            Owner = spec.Owner.Value,
            Name = spec.Name,
            Image = spec.Image.Value,
            Limits = spec.Limits.ToWire(),
            OwnerLimits = spec.OwnerLimits.ToWire(),
            Deadline = spec.Deadline.ToWire(),
        };
        if (spec.Workdir is not null)
        {
            wire.Workdir = spec.Workdir;
        }

        if (spec.User is not null)
        {
            wire.User = spec.User;
        }

        foreach (var (name, value) in spec.Env)
        {
            wire.Env.Add(name, value);
        }

        foreach (var file in spec.Files)
        {
            wire.Files.Add(file.ToWire());
        }

        return wire;
    }

    internal static Port.SandboxSpec ToCore(this SandboxSpec wire) => new()
    {
        Id = Values.ToSandboxId(wire.Id),
        Playground = Values.ToPlaygroundId(wire.Playground),
        Owner = Values.ToPersonId(wire.Owner),
        Name = wire.Name,
        Image = Values.ToDigest(wire.Image),
        Env = new Dictionary<string, string>(wire.Env, StringComparer.Ordinal),
        Workdir = wire.HasWorkdir ? wire.Workdir : null,
        User = wire.HasUser ? wire.User : null,
        Files = [.. wire.Files.Select(ToCore)],
        Limits = wire.Limits?.ToCore() ?? throw Faults.Malformed("limits"),
        OwnerLimits = wire.OwnerLimits?.ToCore() ?? throw Faults.Malformed("owner limits"),
        Deadline = Values.ToTime(wire.Deadline),
    };

    internal static SandboxInfo ToWire(this Port.SandboxInfo info)
    {
        var wire = new SandboxInfo
        {
            Id = info.Id.Value,
            Playground = info.Playground.Value,
            Owner = info.Owner.Value,
            Name = info.Name,
            Image = info.Image.Value,
            State = (SandboxState)((int)info.State + 1),
            Deadline = info.Deadline.ToWire(),
            CreatedAt = info.CreatedAt.ToWire(),
            Reason = info.Reason is { } reason ? (EndReason)((int)reason + 1) : EndReason.Unspecified,
        };
        if (info.Address is not null)
        {
            wire.Address = info.Address;
        }

        if (info.ExitCode is { } exitCode)
        {
            wire.ExitCode = exitCode;
        }

        return wire;
    }

    internal static Port.SandboxInfo ToCore(this SandboxInfo wire) => new()
    {
        Id = Values.ToSandboxId(wire.Id),
        Playground = Values.ToPlaygroundId(wire.Playground),
        Owner = Values.ToPersonId(wire.Owner),
        Name = wire.Name,
        Image = Values.ToDigest(wire.Image),
        State = Values.ToEnum<Port.SandboxState>((int)wire.State, "state"),
        Deadline = Values.ToTime(wire.Deadline),
        CreatedAt = Values.ToTime(wire.CreatedAt),
        Address = wire.HasAddress ? wire.Address : null,
        ExitCode = wire.HasExitCode ? wire.ExitCode : null,
        Reason = wire.Reason == EndReason.Unspecified ? null : Values.ToEnum<Port.EndReason>((int)wire.Reason, "reason"),
    };

    private static Limits ToWire(this SandboxLimits limits) => new()
    {
        Cpus = limits.Cpus,
        MemoryBytes = limits.MemoryBytes,
        Pids = limits.Pids,
        DiskBytes = limits.DiskBytes,
        Inodes = limits.Inodes,
    };

    private static SandboxLimits ToCore(this Limits wire) =>
        new(wire.Cpus, wire.MemoryBytes, wire.Pids, wire.DiskBytes, wire.Inodes);

    private static RecipeFile ToWire(this CoreFile file)
    {
        var wire = new RecipeFile { Path = file.Path };
        if (file.Text is not null)
        {
            wire.Text = file.Text;
        }

        if (file.Base64 is not null)
        {
            wire.Base64 = file.Base64;
        }

        if (file.Mode is not null)
        {
            wire.Mode = file.Mode;
        }

        return wire;
    }

    private static CoreFile ToCore(this RecipeFile wire) => new()
    {
        Path = wire.Path,
        Text = wire.HasText ? wire.Text : null,
        Base64 = wire.HasBase64 ? wire.Base64 : null,
        Mode = wire.HasMode ? wire.Mode : null,
    };
}
