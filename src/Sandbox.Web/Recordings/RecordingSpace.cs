using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Recordings;

/// <summary>Counts the bytes of all recordings, each person's and everybody's, and watches the disk: nothing grows past its bound, however many grow at once.</summary>
internal sealed class RecordingSpace(WebOptions options)
{
    /// <summary>What is written between two looks at the disk.</summary>
    private const long LookEvery = 4L << 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<PersonId, long> _held = [];
    private long _all;
    private long _untilLook;

    /// <summary>Whether so little is left for everybody that what may go should.</summary>
    public bool IsTight
    {
        get
        {
            lock (_gate)
            {
                return _all + Reserve > options.Recordings.BytesInAll;
            }
        }
    }

    /// <summary>How many bytes should go.</summary>
    public long Excess
    {
        get
        {
            lock (_gate)
            {
                return _all + (2 * Reserve) - options.Recordings.BytesInAll;
            }
        }
    }

    /// <summary>What those who write now may write until room is made.</summary>
    private long Reserve => Math.Min(64L << 20, options.Recordings.BytesInAll / 16);

    /// <summary>How many bytes all recordings of one person hold.</summary>
    public long HeldBy(PersonId owner)
    {
        lock (_gate)
        {
            return _held.GetValueOrDefault(owner);
        }
    }

    /// <summary>Why nothing more may be written, else null; then the bytes are counted.</summary>
    public RecordingReason? Take(PersonId owner, long bytes)
    {
        lock (_gate)
        {
            var held = _held.GetValueOrDefault(owner);
            if (held + bytes > options.Recordings.BytesPerPerson)
            {
                return RecordingReason.Quota;
            }

            if (_all + bytes > options.Recordings.BytesInAll || !HasRoom(bytes))
            {
                return RecordingReason.Disk;
            }

            _held[owner] = held + bytes;
            _all += bytes;
            return null;
        }
    }

    /// <summary>Counts bytes that are there already.</summary>
    public void Count(PersonId owner, long bytes)
    {
        lock (_gate)
        {
            _held[owner] = _held.GetValueOrDefault(owner) + bytes;
            _all += bytes;
        }
    }

    public void Give(PersonId owner, long bytes)
    {
        lock (_gate)
        {
            _all -= bytes;
            if ((_held[owner] = _held.GetValueOrDefault(owner) - bytes) <= 0)
            {
                _held.Remove(owner);
            }
        }
    }

    /// <summary>Refuses to begin what could not grow. Codes: Quota, Capacity, DiskFull.</summary>
    public void Check(PersonId owner)
    {
        lock (_gate)
        {
            if (_held.GetValueOrDefault(owner) >= options.Recordings.BytesPerPerson)
            {
                throw new SandboxException(ErrorCode.Quota, $"Your recordings hold all of the {options.Recordings.BytesPerPerson >> 20} MiB they may. Delete one first.");
            }

            if (_all >= options.Recordings.BytesInAll)
            {
                throw new SandboxException(ErrorCode.Capacity, "The host takes no more recordings now. Try again later.");
            }

            _untilLook = 0;
            if (!HasRoom(0))
            {
                throw new SandboxException(ErrorCode.DiskFull, "The host's disk has no room for recordings now. Try again later.");
            }
        }
    }

    private bool HasRoom(long bytes)
    {
        _untilLook -= bytes;
        if (_untilLook > 0)
        {
            return true;
        }

        if (new DriveInfo(options.DataDirectory).AvailableFreeSpace - bytes < options.Recordings.FreeBytes)
        {
            return false;
        }

        _untilLook = LookEvery;
        return true;
    }
}
