using System.Security.Cryptography;
using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>How many bytes layers may still unpack to, so that a small blob cannot fill the disk.</summary>
internal sealed class UnpackBudget(long bytes, DiskReserve reserve)
{
    private const long CheckEvery = 16 << 20;
    private long _left = bytes;
    private long _untilCheck;

    public void Spend(long count)
    {
        _left -= count;
        if (_left < 0)
        {
            throw ImageManifest.Invalid("its layers unpack to far more than an image may hold");
        }

        _untilCheck -= count;
        if (_untilCheck <= 0)
        {
            _untilCheck = CheckEvery;
            reserve.Check();
        }
    }
}

/// <summary>
/// The plain tar inside a layer's blob, read once from its beginning, and its digest: the layer's diff id.
/// </summary>
internal sealed class LayerBlob : Stream
{
    private readonly Stream _plain;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly UnpackBudget _budget;
    private readonly CancellationToken _cancellationToken;

    private LayerBlob(Stream plain, UnpackBudget budget, CancellationToken cancellationToken) =>
        (_plain, _budget, _cancellationToken) = (plain, budget, cancellationToken);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static LayerBlob Open(string path, UnpackBudget budget, CancellationToken cancellationToken)
    {
        var plain = Decompression.Open(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 128 * 1024));
        return new LayerBlob(plain, budget, cancellationToken);
    }

    /// <summary>Reads the rest and returns the digest of the whole.</summary>
    public Digest Finish()
    {
        var buffer = new byte[128 * 1024];
        while (Read(buffer) > 0)
        {
        }

        return Digest.Parse("sha256:" + Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    public override int Read(Span<byte> buffer)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        var count = _plain.Read(buffer);
        _budget.Spend(count);
        _hash.AppendData(buffer[..count]);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _plain.Dispose();
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }
}
