namespace Sandbox.Core.Sandboxes;

/// <summary>The text of every <see cref="EndReason"/>, as it stands in answers of REST.</summary>
public static class EndReasons
{
    /// <summary>The reason in snake_case: <c>host_restarted</c>.</summary>
    public static string Text(this EndReason reason) => reason switch
    {
        EndReason.Removed => "removed",
        EndReason.Expired => "expired",
        EndReason.Idle => "idle",
        EndReason.Operator => "operator",
        EndReason.HostRestarted => "host_restarted",
        EndReason.LaunchFailed => "launch_failed",
        EndReason.DiskFull => "disk_full",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "no such reason"),
    };
}
