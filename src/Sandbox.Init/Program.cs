using System.Globalization;
using Sandbox.Init;

// sandbox-init REPORT -- COMMAND…
//
// The init of a sandbox whose image has a command. It starts the command in a session of its own on the terminal that
// it was given, reaps every process that loses its parent, and stays when the command has ended: shells beside it go on.
// Lines on descriptor REPORT say "started PID", then "exit CODE", for the holder of the terminal.
//
// sandbox-init exec -- COMMAND…    becomes the command; a nonce in $SANDBOX_NONCE comes to it on descriptor 3
// sandbox-init kernel              prints the version of its kernel
// sandbox-init sockets             prints the TCP sockets of the sandbox
// sandbox-init directories PID…    prints in which directories processes are
// sandbox-init relay               connects sockets of the host to ports that are open to the sandbox itself only
// sandbox-init signal PID NUMBER   sends a signal to a process and to everything below it
//
// These are for sandboxes with a kernel of their own, which the host does not look into.
switch (args)
{
    case ["exec", "--", _, ..]:
        return Become.Program(args.AsSpan(2));
    case ["sockets"]:
        return Print.Files("/proc/net/tcp", "/proc/net/tcp6");
    case ["kernel"]:
        return Print.Files("/proc/version");
    case ["directories", ..]:
        return Print.Directories(args.AsSpan(1));
    case ["relay"]:
        return Relay.Run();
    case ["signal", var process, var number]
        when int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var top) && top > 1
        && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var signal):
        Descendants.Signal(top, signal);
        return 0;
    default:
        break;
}

if (args.Length < 3 || !int.TryParse(args[0], NumberStyles.None, CultureInfo.InvariantCulture, out var report) || args[1] != "--")
{
    return 2;
}

_ = Native.Control(report, Native.SetDescriptorFlags, Native.DescriptorCloseOnExec);

// The kernel hangs up the session that loses its terminal; the first process of a pid namespace ignores that.
_ = Native.ControlDevice(0, Native.DropTerminal, 0);
var error = Command.Start(args.AsSpan(2), out var command);
if (error == 0)
{
    Report.Say(report, $"started {command}\n");
}
else
{
    Report.Say(1, $"{args[2]}: {Report.Reason(error)}\r\n");
    Report.Say(report, $"exit {(error == Native.NoSuchFile ? 127 : 126)}\n");
}

// The terminal ends with the last program that has it open, not with this one.
Report.LeaveTerminal(report);
Reaping.Run(command, code => Report.Say(report, $"exit {code}\n"));
return 0;
