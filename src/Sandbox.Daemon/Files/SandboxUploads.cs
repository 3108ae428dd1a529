using System.Text;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Files;

/// <summary>
/// Uploads into one sandbox, in parts. Received bytes are kept beside the destination in a hidden file of the daemon's
/// uid: programs in the sandbox can move or remove it, which is detected, but cannot open it. Its size is the upload's
/// offset, so the next daemon goes on where a killed one stopped.
/// </summary>
/// <param name="directory">The sandbox's directory on the host.</param>
internal sealed class SandboxUploads(string directory)
{
    private const int MostRemembered = 256;
    private const uint Root = 0; // the daemon's uid; no sandbox has it in its range
    private static readonly TimeSpan CompletionWait = TimeSpan.FromSeconds(5);

    private readonly UploadRecords _records = new(directory);
    private readonly Lock _gate = new();
    private readonly Dictionary<UploadId, CancellationTokenSource> _writers = [];
    private readonly Queue<UploadInfo> _complete = new();

    /// <summary>Whether an upload is one of these.</summary>
    public bool Knows(UploadId id)
    {
        lock (_gate)
        {
            return _writers.ContainsKey(id) || _complete.Any(info => info.Id == id) || _records.Find(id) is not null;
        }
    }

    /// <summary>Begins an upload. Its destination's parents are made.</summary>
    public async Task<UploadInfo> BeginAsync(string root, FileOwner owner, UploadSpec spec, CancellationToken cancellationToken)
    {
        if (spec.Length < 0 || spec.Mode is < 0 or > Inodes.ModeMask)
        {
            throw new SandboxException(ErrorCode.Invalid, "A file's length is 0 or more, its mode 0 to 7777 in octal.");
        }

        using var writing = Write(spec.Id, isNew: true, cancellationToken);
        await SandboxFiles.RunAsync(spec.Path, () => Begin(root, owner, spec), cancellationToken);
        return spec.Length == 0
            ? await SandboxFiles.RunAsync(spec.Path, () => Complete(root, owner.Base, spec.Id), CancellationToken.None)
            : new UploadInfo(spec.Id, 0, spec.Length);
    }

    /// <summary>The offset of an upload, or null. Completes an upload whose last byte came just before a crash.</summary>
    public async Task<UploadInfo?> FindAsync(string root, uint uidBase, UploadId id, CancellationToken cancellationToken)
    {
        for (var began = Environment.TickCount64; ;)
        {
            lock (_gate)
            {
                if (_complete.FirstOrDefault(info => info.Id == id) is { } done)
                {
                    return done;
                }
            }

            if (_records.Find(id) is not { } record)
            {
                return null;
            }

            var path = PathOf(record);
            var offset = await SandboxFiles.RunAsync(path, () => Offset(root, id, record), cancellationToken);
            if (offset < record.Length)
            {
                return new UploadInfo(id, offset, record.Length);
            }

            // Complete, but not yet in place: its writer is about to move it, or was cut off right before.
            try
            {
                using var writing = Write(id, isNew: false, cancellationToken);
                return await SandboxFiles.RunAsync(path, () => Complete(root, uidBase, id), CancellationToken.None);
            }
            catch (SandboxException fault) when (fault.Code == ErrorCode.Conflict && Environment.TickCount64 - began < CompletionWait.TotalMilliseconds)
            {
                await Task.Delay(20, cancellationToken);
            }
        }
    }

    /// <summary>Adds a part, and with the last one makes the file appear.</summary>
    public async Task<UploadInfo> ContinueAsync(
        string root, uint uidBase, UploadId id, long offset, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        using var writing = Write(id, isNew: false, cancellationToken);
        var record = Require(id);
        var path = PathOf(record);
        var at = offset;
        try
        {
            using var file = await SandboxFiles.RunAsync(path, () => Open(root, id, record, offset), writing.Token);
            await foreach (var part in content.WithCancellation(writing.Token))
            {
                if (part.Length > record.Length - at)
                {
                    throw new SandboxException(ErrorCode.TooLarge, $"The upload is {record.Length} bytes long; more came.");
                }

                var position = at;
                try
                {
                    await SandboxFiles.RunAsync(path, () => file.Write(part.Span, position), writing.Token);
                }
                catch (SandboxException fault) when (fault.Code == ErrorCode.DiskFull)
                {
                    var room = DiskRoom.Of(file);
                    throw room.FreeBytes < record.Length - position ? room.TooLittle(record.Length - position) : room.TooLittle(fault);
                }

                at += part.Length;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SandboxException(ErrorCode.NotFound, "The upload was cancelled.");
        }
        finally
        {
            _records.Touch(id);
        }

        return at == record.Length
            ? await SandboxFiles.RunAsync(path, () => Complete(root, uidBase, id), CancellationToken.None)
            : new UploadInfo(id, at, record.Length);
    }

    /// <summary>Removes an upload, after its current writer was stopped.</summary>
    public async Task CancelAsync(string root, UploadId id, CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_gate)
            {
                if (_writers.TryGetValue(id, out var writer))
                {
                    _ = writer.CancelAsync(); // its continuations must not run under the lock
                }
            }

            try
            {
                using var writing = Write(id, isNew: false, cancellationToken);
                await Task.Run(() => Forget(root, id), CancellationToken.None);
                return;
            }
            catch (SandboxException fault) when (fault.Code == ErrorCode.Conflict)
            {
                await Task.Delay(10, cancellationToken);
            }
        }
    }

    /// <summary>Removes uploads that nobody continued for too long.</summary>
    public void Sweep(string root, DateTimeOffset now)
    {
        foreach (var (id, latest) in _records.List())
        {
            if (now - latest < UploadSpec.Patience)
            {
                continue;
            }

            try
            {
                using var writing = Write(id, isNew: false, CancellationToken.None);
                Forget(root, id);
            }
            catch (SandboxException fault) when (fault.Code == ErrorCode.Conflict)
            {
                // It has a writer, or the files are not mounted now; the next sweep looks at it again.
            }
        }
    }

    private static SandboxPath PathOf(UploadRecord record) => SandboxPath.TryParse(record.Path, out var path) ? path : SandboxPath.Root;

    private static byte[] PartOf(UploadId id) => Encoding.ASCII.GetBytes($".{id.Value}.part");

    private static SandboxException Touched() =>
        new(ErrorCode.Conflict, "The partial upload was moved, changed or deleted in the sandbox. Start it again.");

    private UploadRecord Require(UploadId id) => _records.Find(id)
        ?? throw new SandboxException(ErrorCode.NotFound, "There is no such upload: it is complete, was cancelled, or nobody continued it for an hour.");

    /// <summary>One writer at a time.</summary>
    private Writer Write(UploadId id, bool isNew, CancellationToken cancellationToken)
    {
        var writer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_gate)
        {
            if (!_writers.TryAdd(id, writer))
            {
                writer.Dispose();
                throw new SandboxException(ErrorCode.Conflict, isNew ? "Another upload has this id." : "Another request is sending this upload right now.");
            }
        }

        return new Writer(this, id, writer);
    }

    private void Begin(string root, FileOwner owner, UploadSpec spec)
    {
        using var place = FilePlace.Find(root, owner, spec.Path);
        lock (_gate)
        {
            var others = _records.List().Select(other => other.Id).ToList();
            if (others.Contains(spec.Id))
            {
                throw new SandboxException(ErrorCode.Conflict, "Another upload has this id.");
            }

            if (others.Count >= UploadSpec.MostPerSandbox)
            {
                throw new SandboxException(ErrorCode.Quota, $"A sandbox takes {UploadSpec.MostPerSandbox} uploads at once. Wait until some are complete, or cancel one.");
            }

            // The rest of other uploads counts as written.
            var promised = others.Sum(other => Missing(root, other));
            var room = DiskRoom.Of(place.Parent.Handle);
            if (room.FreeFiles == 0 || spec.Length > room.FreeBytes - promised)
            {
                throw (room with { FreeBytes = Math.Max(0, room.FreeBytes - promised) }).TooLittle(spec.Length);
            }

            using var file = place.Parent.CreateFile(PartOf(spec.Id));
            try
            {
                _records.Save(spec.Id, new UploadRecord(place.Way, spec.Length, spec.Mode, file.Status().Inode, owner.Uid, owner.Gid, owner.IsAsked));
            }
            catch
            {
                place.Parent.Unlink(PartOf(spec.Id));
                throw;
            }
        }
    }

    /// <summary>Bytes that an upload has yet to receive; 0 if its file was tampered with.</summary>
    private long Missing(string root, UploadId id)
    {
        try
        {
            return _records.Find(id) is { } record ? Math.Max(0, record.Length - Offset(root, id, record)) : 0;
        }
        catch (Exception fault) when (fault is PosixException or SandboxException)
        {
            return 0;
        }
    }

    private static long Offset(string root, UploadId id, UploadRecord record)
    {
        using var rooted = SandboxFiles.OpenRoot(root);
        using var parent = OpenParent(rooted, record, out _);
        using var part = OpenPart(parent, id, record, out var size);
        return size;
    }

    private static SafeFileHandle Open(string root, UploadId id, UploadRecord record, long offset)
    {
        using var rooted = SandboxFiles.OpenRoot(root);
        using var parent = OpenParent(rooted, record, out _);
        using var part = OpenPart(parent, id, record, out var size);
        return size == offset ? part.Reopen(write: true) : throw new SandboxException(ErrorCode.Conflict, $"The upload is at {size}, not at {offset}.");
    }

    private static DirectoryHandle OpenParent(RootedDirectory rooted, UploadRecord record, out byte[] name)
    {
        try
        {
            return rooted.OpenParent(record.Path, out name);
        }
        catch (PosixException fault) when (fault.Errno is Errno.NoEntry or Errno.NotDirectory)
        {
            throw Touched();
        }
    }

    /// <summary>
    /// Opens the received file with <c>O_PATH</c>. It has to be the very file that was made: programs in the sandbox
    /// cannot make a file of the daemon's uid, and the files of other uploads have other inode numbers.
    /// </summary>
    private static SafeFileHandle OpenPart(DirectoryHandle parent, UploadId id, UploadRecord record, out long size)
    {
        SafeFileHandle? part = null;
        try
        {
            part = parent.OpenInode(PartOf(id));
            var status = part.Status();
            size = status.Size;
            return status is { Type: InodeType.File, Links: 1 } && status.Uid == Root && status.Inode == record.Inode && size <= record.Length
                ? part
                : throw Touched();
        }
        catch (Exception fault)
        {
            part?.Dispose();
            throw fault is PosixException { Errno: Errno.NoEntry } ? Touched() : fault;
        }
    }

    /// <summary>Moves the complete file to its destination, atomically.</summary>
    private UploadInfo Complete(string root, uint uidBase, UploadId id)
    {
        var record = Require(id);
        using var rooted = SandboxFiles.OpenRoot(root);
        using var parent = OpenParent(rooted, record, out var name);
        using var part = OpenPart(parent, id, record, out var size);
        if (size != record.Length)
        {
            throw Touched();
        }

        using var place = FilePlace.At(record.Path, parent, name, new FileOwner(uidBase, record.Uid ?? uidBase, record.Gid ?? uidBase, record.IsOwnerAsked));
        part.SetOwner(place.Uid, place.Gid);
        part.SetMode(record.Mode ?? place.Mode);
        parent.Rename(PartOf(id), parent, name);
        _records.Delete(id);
        var info = new UploadInfo(id, size, size);
        lock (_gate)
        {
            _complete.Enqueue(info);
            if (_complete.Count > MostRemembered)
            {
                _complete.Dequeue();
            }
        }

        return info;
    }

    private void Forget(string root, UploadId id)
    {
        if (_records.Find(id) is { } record)
        {
            try
            {
                using var rooted = SandboxFiles.OpenRoot(root);
                using var parent = OpenParent(rooted, record, out _);
                using var part = OpenPart(parent, id, record, out _);
                parent.Unlink(PartOf(id));
            }
            catch (PosixException)
            {
                // The sandbox removed it.
            }
            catch (SandboxException)
            {
                // It is no longer ours to remove.
            }
        }

        _records.Delete(id);
    }

    private sealed class Writer(SandboxUploads uploads, UploadId id, CancellationTokenSource source) : IDisposable
    {
        public CancellationToken Token { get; } = source.Token;

        public void Dispose()
        {
            lock (uploads._gate)
            {
                uploads._writers.Remove(id);
            }

            source.Dispose();
        }
    }
}
