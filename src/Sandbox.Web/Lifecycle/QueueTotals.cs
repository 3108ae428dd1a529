namespace Sandbox.Web.Lifecycle;

/// <summary>What became of launches that waited for room on the host, since this process started.</summary>
internal sealed class QueueTotals
{
    private long _admitted;
    private long _left;

    /// <summary>Launches that got room.</summary>
    public long Admitted => Interlocked.Read(ref _admitted);

    /// <summary>Launches that ended while they waited.</summary>
    public long Left => Interlocked.Read(ref _left);

    public void Admit(int launches) => Interlocked.Add(ref _admitted, launches);

    public void Leave(int launches) => Interlocked.Add(ref _left, launches);
}
