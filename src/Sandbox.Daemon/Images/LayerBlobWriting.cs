using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// A layer's plain tar on its way to a file, hashed as it goes. It is not compressed: no compressor gives the same bytes
/// in every version, and none that is as fast as the disk is one that every Docker reads. So the layer's digest is its
/// diff id. Long runs of zeros become holes of the file.
/// </summary>
internal sealed class LayerBlobWriting : Stream
{
    private const long CheckEvery = 16L << 20;

    private static readonly byte[] Zeros = new byte[64 * 1024];

    private readonly SafeFileHandle _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly DiskReserve _reserve;
    private readonly long _most;
    private readonly CancellationToken _cancellationToken;
    private readonly byte[] _pending = new byte[256 * 1024];
    private int _filled;
    private long _written;
    private long _position;
    private long _contentStart;
    private long _sinceCheck;

    /// <param name="path">The file to make.</param>
    /// <param name="most">The most bytes of the tar.</param>
    /// <param name="reserve">What the host's disk keeps free.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public LayerBlobWriting(string path, long most, DiskReserve reserve, CancellationToken cancellationToken)
    {
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        (_most, _reserve, _cancellationToken) = (most, reserve, cancellationToken);
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _position;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Bytes written since <see cref="BeginContent"/>.</summary>
    public long ContentPosition => _position - _contentStart;

    /// <summary>Marks the beginning of a file's content. A sparse file that is too large is refused before it is read. Code: TooLarge.</summary>
    public void BeginContent(long size)
    {
        if (size > _most - _position)
        {
            throw TooLarge();
        }

        _contentStart = _position;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Count(buffer.Length);
        _hash.AppendData(buffer);
        while (!buffer.IsEmpty)
        {
            var part = buffer[..Math.Min(buffer.Length, _pending.Length - _filled)];
            part.CopyTo(_pending.AsSpan(_filled));
            _filled += part.Length;
            buffer = buffer[part.Length..];
            if (_filled == _pending.Length)
            {
                Drain();
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public void WriteZeros(long count)
    {
        for (; count > 0; count -= Math.Min(count, Zeros.Length))
        {
            Write(Zeros.AsSpan(0, (int)Math.Min(count, Zeros.Length)));
        }
    }

    /// <summary>Writes the rest and returns the digest. Does not wait for the disk, because the sandbox is frozen meanwhile.</summary>
    public Digest Finish()
    {
        Drain();
        RandomAccess.SetLength(_file, _position);
        return Digest.Parse("sha256:" + Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Count(int length)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        _position += length;
        if (_position > _most)
        {
            throw TooLarge();
        }

        _sinceCheck += length;
        if (_sinceCheck >= CheckEvery)
        {
            _sinceCheck = 0;
            _reserve.Check();
        }
    }

    private SandboxException TooLarge() =>
        new(ErrorCode.TooLarge, $"The sandbox's changes are larger than {_most >> 20} MiB, the most this host saves. Delete or exclude some of them.");

    // Whole blocks of zeros are skipped: blocks that were never written are holes.
    private void Drain()
    {
        var bytes = _pending.AsSpan(0, _filled);
        for (var (start, end) = SparseCopy.NextData(bytes, 0); start < bytes.Length; (start, end) = SparseCopy.NextData(bytes, end))
        {
            RandomAccess.Write(_file, bytes[start..end], _written + start);
        }

        _written += _filled;
        _filled = 0;
    }
}
