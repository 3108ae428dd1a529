using Sandbox.Core.Errors;

namespace Sandbox.Daemon.Oci;

/// <summary>The host's uids to which a sandbox's own 0 to 65,535 are mapped.</summary>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct UidRange(int Index, uint First)
{
    public const uint Length = 65_536;
}

/// <summary>Gives every sandbox a range of its own, the lowest that is free.</summary>
internal sealed class UidRanges(DaemonOptions options)
{
    private readonly Lock _lock = new();
    private readonly SortedSet<int> _taken = [];

    public UidRange Reserve()
    {
        lock (_lock)
        {
            var index = 0;
            foreach (var taken in _taken)
            {
                if (taken != index)
                {
                    break;
                }

                index++;
            }

            if (index >= options.UidRanges)
            {
                throw new SandboxException(ErrorCode.Capacity, "The host runs as many sandboxes as it can. Try again when others have ended.");
            }

            _taken.Add(index);
            return At(index);
        }
    }

    /// <summary>Reserves the range of a sandbox that an earlier daemon started.</summary>
    public UidRange Adopt(int index)
    {
        lock (_lock)
        {
            _taken.Add(index);
            return At(index);
        }
    }

    public void Release(UidRange range)
    {
        lock (_lock)
        {
            _taken.Remove(range.Index);
        }
    }

    private UidRange At(int index) => new(index, options.UidBase + ((uint)index * UidRange.Length));
}
