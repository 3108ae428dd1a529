using Sandbox.Core.Quotas;
using Databases = Sandbox.Core.Databases;
using Execs = Sandbox.Core.Execs;
using Port = Sandbox.Core.Sandboxes;

namespace Sandbox.Rpc.Wire;

/// <summary>Sandboxes and their execs in and out of messages.</summary>
internal static class SandboxesMap
{
    internal static SandboxSpec ToWire(this Port.SandboxSpec spec) => new()
    {
        Id = spec.Id.Value,
        Playground = spec.Playground.Value,
        Owner = spec.Owner.Value,
        OwnerGroup = spec.OwnerGroup ?? "",
        Name = spec.Name,
        Image = spec.Image.Value,
        Content = RecipesMap.ToWire(spec),
        Limits = spec.Limits.ToWire(),
        OwnerLimits = spec.OwnerLimits.ToWire(),
        Deadline = spec.Deadline.ToWire(),
        Volumes = { spec.Volumes.Select(VolumesMap.ToWire) },
        Terminal = spec.Terminal is { } size ? new() { Cols = size.Cols, Rows = size.Rows } : null,
        Database = spec.Database?.ToWire(),
    };

    internal static Port.SandboxSpec ToCore(this SandboxSpec wire) => new(wire.Content?.ToCore() ?? throw Faults.Malformed("content"))
    {
        Id = Values.ToSandboxId(wire.Id),
        Playground = Values.ToPlaygroundId(wire.Playground),
        Owner = Values.ToPersonId(wire.Owner),
        OwnerGroup = wire.OwnerGroup.Length > 0 ? wire.OwnerGroup : null,
        Name = wire.Name,
        Image = Values.ToDigest(wire.Image),
        Limits = wire.Limits?.ToCore() ?? throw Faults.Malformed("limits"),
        OwnerLimits = wire.OwnerLimits?.ToCore() ?? throw Faults.Malformed("owner limits"),
        Deadline = Values.ToTime(wire.Deadline),
        Volumes = [.. wire.Volumes.Select(VolumesMap.ToCore)],
        Terminal = wire.Terminal is { } size ? new(size.Cols, size.Rows) : null,
        Database = wire.Database is { } server ? new(server.Kind, server.HasPassword ? server.Password : null) : null,
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

        if (info.Notice is not null)
        {
            wire.Notice = info.Notice;
        }

        if (info.Isolation is not null)
        {
            wire.Isolation = info.Isolation;
        }

        if (info.Limits is not null)
        {
            wire.Limits = info.Limits.ToWire();
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
        Notice = wire.HasNotice ? wire.Notice : null,
        Isolation = wire.HasIsolation ? wire.Isolation : null,
        Limits = wire.Limits?.ToCore(),
        Reason = wire.Reason == EndReason.Unspecified ? null : Values.ToEnum<Port.EndReason>((int)wire.Reason, "reason"),
    };

    private static DatabaseServer ToWire(this Databases.DatabaseServer server)
    {
        var wire = new DatabaseServer { Kind = server.Kind };
        if (server.Password is not null)
        {
            wire.Password = server.Password;
        }

        return wire;
    }

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

    internal static ExecRequest ToWire(this Execs.ExecSpec spec, string id) => new()
    {
        Id = id,
        Command = { spec.Command },
        Stdin = spec.Stdin.ToWire(),
        Timeout = spec.Timeout.Ticks,
        OutputLimit = spec.OutputLimit,
    };

    internal static Execs.ExecSpec ToCore(this ExecRequest wire) => new()
    {
        Command = [.. wire.Command],
        Stdin = wire.Stdin.Memory,
        Timeout = TimeSpan.FromTicks(wire.Timeout),
        OutputLimit = wire.OutputLimit,
    };

    internal static ExecReply ToWire(this Execs.ExecResult result)
    {
        var wire = new ExecReply
        {
            ExitCode = result.ExitCode,
            Stdout = result.Stdout.ToWire(),
            Stderr = result.Stderr.ToWire(),
            Truncated = result.Truncated,
            Duration = result.Duration.Ticks,
            TimedOut = result.IsTimedOut,
        };
        if (result.Notice is not null)
        {
            wire.Notice = result.Notice;
        }

        return wire;
    }

    internal static ExecPart ToWire(this Execs.ExecOutput part) => new() { Error = part.IsError, Data = part.Data.ToWire(), Result = part.Result?.ToWire() };

    internal static Execs.ExecOutput ToCore(this ExecPart wire) => new(wire.Error, wire.Data.Memory) { Result = wire.Result?.ToCore() };

    internal static Execs.ExecResult ToCore(this ExecReply wire) =>
        new(wire.ExitCode, wire.Stdout.Memory, wire.Stderr.Memory, wire.Truncated, TimeSpan.FromTicks(wire.Duration))
        {
            IsTimedOut = wire.TimedOut,
            Notice = wire.HasNotice ? wire.Notice : null,
        };
}
