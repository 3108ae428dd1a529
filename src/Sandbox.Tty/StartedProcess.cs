namespace Sandbox.Tty;

/// <summary>A process that runs in a terminal.</summary>
/// <param name="Pid">Its id on the host.</param>
/// <param name="Handle">Its pidfd, readable when it has ended.</param>
/// <param name="Pty">Its terminal.</param>
internal sealed record StartedProcess(int Pid, int Handle, Pty Pty);
