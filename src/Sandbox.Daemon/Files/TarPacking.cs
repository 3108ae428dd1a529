using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Files;

/// <summary>
/// A tar (POSIX pax) of a file, under its name, or of all that is below a directory, by names relative to it. Owners
/// are the sandbox's own; links stay links; sockets, FIFOs and devices are left out; a file with two names is there
/// twice. It is sent while the tree is read, so memory does not grow with it.
/// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
/// </summary>
internal static class TarPacking
{
    private const int MaxPath = 4095; // PATH_MAX: no program could unpack a longer path
    private const int MaxWaiting = 250_000;
    private const int Nobody = 65_534;

    // A ustar time has eleven octal digits, and .NET refuses times before 1970.
    private static readonly DateTimeOffset Latest = DateTimeOffset.FromUnixTimeSeconds((1L << 33) - 1);

    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> PackAsync(
        string root, uint uidBase, SandboxPath path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var top = await SandboxFiles.RunAsync(path, () => OpenTop(root, path), cancellationToken);
        using var closing = cancellationToken.Register(top.Dispose);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 4 * SandboxFiles.ChunkLength, resumeWriterThreshold: SandboxFiles.ChunkLength, useSynchronizationContext: false));
        var packing = Task.Run(() => FillAsync(pipe.Writer, top, uidBase, path, stop.Token), CancellationToken.None);
        try
        {
            while (true)
            {
                var result = await pipe.Reader.ReadAsync(cancellationToken);
                var buffer = result.Buffer;
                while (!buffer.IsEmpty)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var chunk = buffer.Slice(0, Math.Min(buffer.Length, SandboxFiles.ChunkLength));
                    var bytes = new byte[chunk.Length];
                    chunk.CopyTo(bytes);
                    buffer = buffer.Slice(chunk.End);
                    yield return bytes;
                }

                pipe.Reader.AdvanceTo(buffer.End);
                if (result.IsCompleted)
                {
                    break;
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await pipe.Reader.CompleteAsync();
            await packing;
        }
    }

    private static SafeFileHandle OpenTop(string root, SandboxPath path)
    {
        using var rooted = SandboxFiles.OpenRoot(root);
        using var inode = rooted.OpenInode(path.Bytes, followLast: true);
        return inode.Status().Type is InodeType.File or InodeType.Directory ? inode.Reopen() : throw new PosixException("open", Errno.Invalid);
    }

    /// <summary>Does not throw: errors reach the reader through the pipe.</summary>
    private static async Task FillAsync(PipeWriter pipe, SafeFileHandle top, uint uidBase, SandboxPath path, CancellationToken cancellationToken)
    {
        Exception? fault = null;
        try
        {
            var output = new BufferedStream(pipe.AsStream(leaveOpen: true), SandboxFiles.ChunkLength);
            using var tar = new Archive(output, uidBase);
            var status = top.Status();
            if (status.Type == InodeType.Directory)
            {
                await WriteTreeAsync(tar, top, path, cancellationToken);
            }
            else
            {
                RootedDirectory.ParentLength(path.Bytes, out var name);
                await tar.AddFileAsync(top, status, name.ToArray(), cancellationToken);
            }

            await tar.FinishAsync(cancellationToken);
            await output.FlushAsync(cancellationToken);
        }
        catch (PosixException e)
        {
            fault = FileFault.Of(e, path);
        }
#pragma warning disable CA1031 // every exception reaches the reader
        catch (Exception e)
#pragma warning restore CA1031
        {
            fault = e;
        }

        await pipe.CompleteAsync(fault);
    }

    private static async Task WriteTreeAsync(Archive tar, SafeFileHandle top, SandboxPath path, CancellationToken cancellationToken)
    {
        using var way = new DirectoryStack(top);
        var waiting = new Stack<Queue<byte[]>>();
        var prefix = new List<byte>();
        var count = 0;

        void Enter()
        {
            var names = Names(way.Current, MaxWaiting - count, path);
            count += names.Count;
            waiting.Push(names);
        }

        Enter();
        while (waiting.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!waiting.Peek().TryDequeue(out var name))
            {
                waiting.Pop();
                if (way.Depth > 0)
                {
                    var left = way.Pop();
                    prefix.RemoveRange(prefix.Count - left.Length, left.Length);
                }

                continue;
            }

            count--;
            if (prefix.Count + name.Length > MaxPath)
            {
                throw new SandboxException(ErrorCode.Invalid, $"{path} has directories nested too deeply to be packed. Pack one further down.");
            }

            byte[] terminated = [.. name, 0];
            using var inode = TryOpen(way.Current, terminated);
            if (inode is null)
            {
                continue;
            }

            var status = inode.Status();
            byte[] full = [.. prefix, .. name];
            switch (status.Type)
            {
                case InodeType.Directory:
                    await tar.AddAsync(TarKind.Directory, [.. full, (byte)'/'], [], status, cancellationToken);
                    if (TryPush(way, terminated))
                    {
                        prefix.AddRange(name);
                        prefix.Add((byte)'/');
                        Enter();
                    }

                    break;
                case InodeType.File:
                    using (var file = inode.Reopen())
                    {
                        await tar.AddFileAsync(file, status, full, cancellationToken);
                    }

                    break;
                case InodeType.Symlink:
                    await tar.AddAsync(TarKind.SymbolicLink, full, inode.ReadLink(), status, cancellationToken);
                    break;
                default:
                    break;
            }
        }
    }

    private static Queue<byte[]> Names(SafeFileHandle directory, int most, SandboxPath path)
    {
        var names = new List<byte[]>();
        using var reading = new DirectoryHandle(directory.Reopen());
        foreach (var (name, _) in reading.List())
        {
            if (names.Count >= most)
            {
                throw new SandboxException(ErrorCode.TooLarge, $"{path} has too many files in one directory to be packed. Pack them in a terminal.");
            }

            names.Add(name);
        }

        names.Sort((a, b) => a.AsSpan().SequenceCompareTo(b));
        return new Queue<byte[]>(names);
    }

    /// <summary>Opens a name as a path, or nothing when it was removed since the directory was read.</summary>
    private static SafeFileHandle? TryOpen(SafeFileHandle directory, byte[] name)
    {
        try
        {
            return DirectoryHandle.Open(directory, name, NativeFiles.PathOnly | NativeFiles.NoFollow);
        }
        catch (PosixException e) when (e.Errno is Errno.NoEntry)
        {
            return null;
        }
    }

    /// <summary>Goes into a directory unless it became something else meanwhile.</summary>
    private static bool TryPush(DirectoryStack way, byte[] name)
    {
        try
        {
            way.Push(name);
            return true;
        }
        catch (PosixException e) when (e.Errno is Errno.NoEntry or Errno.NotDirectory or Errno.Loop)
        {
            return false;
        }
    }

    /// <summary>The archive: headers of bytes, so that names which are not UTF-8 stay what they are.</summary>
    private sealed class Archive : IDisposable
    {
        private readonly Stream _output;
        private readonly uint _uidBase;
        private readonly MemoryStream _headers = new();
        private readonly TarWriting _tar;

        public Archive(Stream output, uint uidBase)
        {
            (_output, _uidBase) = (output, uidBase);
            _tar = new TarWriting(_headers);
        }

        /// <summary>Adds an entry without content.</summary>
        public Task AddAsync(TarKind kind, byte[] name, byte[] target, InodeStatus status, CancellationToken cancellationToken) => AddAsync(kind, name, target, 0, status, cancellationToken);

        public async Task AddFileAsync(SafeFileHandle file, InodeStatus status, byte[] name, CancellationToken cancellationToken)
        {
            await AddAsync(TarKind.File, name, [], status.Size, status, cancellationToken);
            await using var content = new PromisedLength(file, status.Size);
            await content.CopyToAsync(_output, SandboxFiles.ChunkLength, cancellationToken);
        }

        public void Dispose() => _headers.Dispose();

        public Task FinishAsync(CancellationToken cancellationToken)
        {
            _tar.Finish();
            return SendAsync(cancellationToken);
        }

        private Task AddAsync(TarKind kind, byte[] name, byte[] target, long size, InodeStatus status, CancellationToken cancellationToken)
        {
            var modified = status.Modified < DateTimeOffset.UnixEpoch ? DateTimeOffset.UnixEpoch : status.Modified > Latest ? Latest : status.Modified;
            _tar.Write(new TarEntry
            {
                Name = name,
                Target = target,
                Kind = kind,
                Size = size,
                Mode = (uint)status.Mode,
                Uid = Inside(status.Uid),
                Gid = Inside(status.Gid),
                Modified = (modified.ToUnixTimeSeconds(), (int)(modified.Ticks % TimeSpan.TicksPerSecond * 100)),
                Attributes = [],
            });
            return SendAsync(cancellationToken);
        }

        private async Task SendAsync(CancellationToken cancellationToken)
        {
            await _output.WriteAsync(_headers.GetBuffer().AsMemory(0, (int)_headers.Length), cancellationToken);
            _headers.SetLength(0);
        }

        private long Inside(uint id) => id >= _uidBase && id - _uidBase < 65_536 ? id - _uidBase : Nobody;
    }

    /// <summary>
    /// A file's bytes, exactly as many as its header says: a file that is truncated while it is read is filled up with
    /// zeros, and one that grows is cut, so the tar stays valid.
    /// </summary>
    private sealed class PromisedLength(SafeFileHandle file, long length) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var part = buffer[..(int)Math.Min(buffer.Length, length - Position)];
            if (part.IsEmpty)
            {
                return 0;
            }

            var read = file.Read(part, Position);
            if (read == 0)
            {
                part.Clear();
                read = part.Length;
            }

            Position += read;
            return read;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ValueTask.FromResult(Read(buffer.Span));
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => length + offset,
        };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
