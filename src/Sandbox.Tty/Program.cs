using Sandbox.Tty;
using Sandbox.Tty.Linux;

// sandbox-tty SOCKET CLIENT_UID OWN_UID OWN_GID COLS ROWS [log=FILE | keep=FILE] [in=DIRECTORY] [NONCE] -- RUNTIME ARGS…
//
// Starts a process with a terminal through an OCI runtime, holds the terminal, and serves it on SOCKET. One line on
// standard output reports the start: "ok PID", or "failed CODE MESSAGE" with a code of ErrorCode.
// With log=FILE the runtime starts a sandbox, and the process is its init, which starts the image's own command: "ok PID" is
// the init's, and the output and the end of the command are kept in FILE.
// With keep=FILE they are those of a command that runs in a sandbox.
// With in=DIRECTORY the runtime runs as another user, who may enter that directory.
// With NONCE the process is a shell that marks its commands: it reads the nonce on descriptor 3, and only marks with the nonce count.
if (!Invocation.TryParse(args, out var invocation))
{
    Report.Failed("Invalid", "usage: sandbox-tty SOCKET CLIENT_UID OWN_UID OWN_GID COLS ROWS [log=FILE | keep=FILE] [in=DIRECTORY] [NONCE] -- RUNTIME ARGS...");
    return 2;
}

try
{
    var ending = Detachment.Begin();
    var listener = Listener.Open(invocation.Socket, invocation.ClientUid);
    try
    {
        var started = OciExec.Run(invocation);
        var log = invocation.Log is null ? null : LogFile.Create(invocation.Log);
        Detachment.DropRoot(invocation.OwnUid, invocation.OwnGid);
        if (!invocation.IsOwn)
        {
            log?.Started(started.Pid);
        }

        Report.Started(started.Pid);
        new Holder(listener, started, ending, invocation.Cols, invocation.Rows, invocation.Nonce, log).Run();
        return 0;
    }
    finally
    {
        listener.Remove();
    }
}
catch (StartFailure failure)
{
    Report.Failed(failure.Code, failure.Message);
    return 1;
}
