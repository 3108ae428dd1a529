using System.Collections.Concurrent;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Web.Builds;

namespace Sandbox.Web.Registry;

/// <summary>
/// Bounds what people upload before a manifest makes an image of it: as much as their storage has room for, and the layers
/// of a base; from all of them together as much as guests may keep; and none when the disk is nearly full. Uploads count
/// until the registry forgets them.
/// </summary>
internal sealed class PushAllowance(OwnImages images, PushRoom disk, WebOptions options, TimeProvider time)
{
    /// <summary>Beginning an upload makes files, too.</summary>
    public const int BytesOfUpload = 64 * 1024;

    /// <summary>Layers of a base image are uploaded, and are not counted once they are kept.</summary>
    private const long BytesOfBase = 512L << 20;

    private const long MostOpen = 16;
    private const long BurstBytes = 256L << 20;
    private const long BytesPerSecond = 32L << 20;

    private static readonly TimeSpan Kept = TimeSpan.FromHours(2);

    private readonly ConcurrentDictionary<PersonId, Uploads> _uploads = new();

    /// <summary>Lets a person send; disposed, the request has ended. Codes: Quota, Rate (too many at once), DiskFull.</summary>
    public async Task<PushLease> BeginAsync(PersonId person, bool opens)
    {
        var now = Now;
        foreach (var (other, old) in _uploads)
        {
            if (old.Open == 0 && old.Last + Kept < now)
            {
                _uploads.TryRemove(new KeyValuePair<PersonId, Uploads>(other, old));
            }
        }

        disk.Check();
        var (room, most) = await images.RoomAsync(person, "");
        var uploads = _uploads.GetOrAdd(person, _ => new Uploads());
        if (Interlocked.Increment(ref uploads.Open) > MostOpen)
        {
            Interlocked.Decrement(ref uploads.Open);
            throw new SandboxException(ErrorCode.Rate, $"You send {MostOpen} layers already. Wait until one has arrived.");
        }

        uploads.Last = now;
        var lease = new PushLease(this, uploads, Math.Max(room, 0) + BytesOfBase, most);
        try
        {
            lease.Take(opens ? BytesOfUpload : 0);
            return lease;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>So many bytes became an image.</summary>
    public void Return(PersonId person, long bytes)
    {
        if (_uploads.TryGetValue(person, out var uploads))
        {
            Interlocked.Add(ref uploads.Bytes, -Math.Min(bytes, Interlocked.Read(ref uploads.Bytes)));
        }
    }

    private void CheckDisk() => disk.Check();

    private DateTimeOffset Now => time.GetUtcNow();

    private bool IsTooMuch => _uploads.Values.Sum(each => Interlocked.Read(ref each.Bytes)) > options.Limits.GuestStorageBytes;

    /// <summary>What one person has uploaded and the registry still has.</summary>
    internal sealed class Uploads
    {
        public long Open;
        public long Bytes;

        /// <summary>When the bytes that were sent would be through at the pace of everybody.</summary>
        public DateTimeOffset Through;

        public DateTimeOffset Last { get; set; }
    }

    /// <summary>One request that uploads.</summary>
    internal sealed class PushLease(PushAllowance allowance, Uploads uploads, long room, long most) : IDisposable
    {
        private bool _isOver;

        /// <summary>Refuses so many more bytes, before they are sent. Code: Quota.</summary>
        public void Check(long bytes)
        {
            if (Interlocked.Read(ref uploads.Bytes) + bytes > room)
            {
                throw new SandboxException(ErrorCode.Quota, $"This push would exceed the {most >> 20} MiB that your links, images and tutorials may keep. Delete one first, or leave large files out.");
            }
        }

        /// <summary>Counts bytes, before they are written. Codes: Quota, Rate (everybody's uploads), DiskFull.</summary>
        public void Take(long bytes)
        {
            allowance.CheckDisk();
            Interlocked.Add(ref uploads.Bytes, bytes);
            Check(0);
            if (allowance.IsTooMuch)
            {
                throw new SandboxException(ErrorCode.Rate, "Too much is being uploaded now. Try again in an hour.");
            }
        }

        /// <summary>How long the person waits after so many bytes.</summary>
        public TimeSpan Pace(int bytes)
        {
            lock (uploads)
            {
                var now = allowance.Now;
                uploads.Last = now;
                uploads.Through = (uploads.Through > now ? uploads.Through : now) + TimeSpan.FromSeconds((double)bytes / BytesPerSecond);
                return uploads.Through - now - TimeSpan.FromSeconds((double)BurstBytes / BytesPerSecond);
            }
        }

        public void Dispose()
        {
            if (!_isOver)
            {
                _isOver = true;
                Interlocked.Decrement(ref uploads.Open);
            }
        }
    }
}
