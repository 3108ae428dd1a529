namespace Sandbox.Tty;

/// <summary>A process that runs in a terminal.</summary>
/// <param name="Pid">Its id on the host.</param>
/// <param name="Handle">Its pidfd, readable when it has ended.</param>
/// <param name="Pty">Its terminal.</param>
/// <param name="Reports">What the process says as the init of a sandbox; null for a command.</param>
internal sealed record StartedProcess(int Pid, int Handle, Pty Pty, InitReports? Reports);
