using Port = Sandbox.Core.Terminals;

namespace Sandbox.Rpc.Wire;

/// <summary>Terminals in and out of messages.</summary>
internal static class TerminalsMap
{
    internal static OpenTerminalRequest ToWire(this Port.TerminalSpec spec, string id)
    {
        var wire = new OpenTerminalRequest { Id = id, Terminal = spec.Id.Value, Cols = spec.Cols, Rows = spec.Rows };
        if (spec.Command is not null)
        {
            // An empty list stands for null on the wire, and an empty argv must not become "the image's own".
            wire.Command.Add(spec.Command.Count > 0 ? spec.Command : throw Faults.Malformed("command"));
        }

        wire.Shell = spec.IsShell;
        wire.MayBeOwn = spec.MayBeOwn;
        wire.Detached = spec.IsDetached;
        if (spec.Directory is { } directory)
        {
            wire.Directory = directory.ToWire();
        }

        return wire;
    }

    internal static Port.TerminalSpec ToCore(this OpenTerminalRequest wire) => new()
    {
        Id = Values.ToTerminalId(wire.Terminal),
        Cols = wire.Cols,
        Rows = wire.Rows,
        Command = wire.Command.Count > 0 ? [.. wire.Command] : null,
        IsShell = wire.Shell,
        MayBeOwn = wire.MayBeOwn,
        IsDetached = wire.Detached,
        Directory = wire.Directory.Length > 0 ? Values.ToPath(wire.Directory) : null,
    };

    internal static TerminalInfo ToWire(this Port.TerminalInfo info)
    {
        var wire = new TerminalInfo
        {
            Id = info.Id.Value,
            Command = { info.Command },
            CreatedAt = info.CreatedAt.ToWire(),
            Marked = info.IsMarked,
            Own = info.IsOwn,
            Seen = info.IsSeen,
            Service = info.IsService,
        };
        if (info.Cwd is { } cwd)
        {
            wire.Cwd = cwd.ToWire();
        }

        if (info.Home is { } home)
        {
            wire.Home = home.ToWire();
        }

        return wire;
    }

    internal static Port.TerminalInfo ToCore(this TerminalInfo wire) =>
        new(Values.ToTerminalId(wire.Id), [.. wire.Command], Values.ToTime(wire.CreatedAt))
        {
            IsMarked = wire.Marked,
            IsOwn = wire.Own,
            IsSeen = wire.Seen,
            IsService = wire.Service,
            Cwd = wire.HasCwd ? Values.ToPath(wire.Cwd) : null,
            Home = wire.HasHome ? Values.ToPath(wire.Home) : null,
        };

    internal static DetachedCommand ToWire(this Port.DetachedCommand command)
    {
        var wire = new DetachedCommand { Id = command.Id.Value, Command = { command.Command }, StartedAt = command.StartedAt.ToWire() };
        if (command.EndedAt is { } ended)
        {
            wire.EndedAt = ended.ToWire();
        }

        if (command.ExitCode is { } code)
        {
            wire.ExitCode = code;
        }

        return wire;
    }

    internal static Port.DetachedCommand ToCore(this DetachedCommand wire) =>
        new(Values.ToTerminalId(wire.Id), [.. wire.Command], Values.ToTime(wire.StartedAt))
        {
            EndedAt = wire.HasEndedAt ? Values.ToTime(wire.EndedAt) : null,
            ExitCode = wire.HasExitCode ? wire.ExitCode : null,
        };
}
