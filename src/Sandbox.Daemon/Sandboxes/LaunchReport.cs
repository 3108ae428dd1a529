namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// When each phase of a launch ended, counted from its beginning. Phases overlap: the network is made beside the disk
/// and the files.
/// </summary>
/// <param name="Namespaces">The user and network namespaces exist.</param>
/// <param name="Disk">The sandbox's own disk is mounted.</param>
/// <param name="Files">The root is mounted and holds the recipe's files.</param>
/// <param name="Init">The OCI runtime has started the init.</param>
/// <param name="Total">The network is connected and the record is saved.</param>
internal sealed record LaunchReport(TimeSpan Namespaces, TimeSpan Disk, TimeSpan Files, TimeSpan Init, TimeSpan Total);
