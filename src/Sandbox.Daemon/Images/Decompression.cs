using System.IO.Compression;
using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// Reads a file that may be compressed. Its first bytes decide, not its name or media type: <c>docker save</c> calls
/// plain tars gzip, and people compress whole archives.
/// </summary>
internal static class Decompression
{
    /// <summary>The plain content of a file. Owns the file, also when this throws.</summary>
    public static Stream Open(FileStream file)
    {
        try
        {
            Span<byte> start = stackalloc byte[4];
            var count = file.ReadAtLeast(start, 4, throwOnEndOfStream: false);
            file.Position = 0;
            start = start[..count];
            return start.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]) ? new GZipStream(file, CompressionMode.Decompress)
                : start.SequenceEqual((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]) ? new ZstandardProgram(file)
                : file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The output of <c>zstd -dc</c>; .NET 10 has no zstd of its own. If it fails, the digest does not match.</summary>
    private sealed class ZstandardProgram : Stream
    {
        private readonly AnonymousPipeServerStream _pipe = new(PipeDirection.In, HandleInheritability.None);
        private readonly FileStream _file;
        private int _pid;

        public ZstandardProgram(FileStream file)
        {
            _file = file;
            try
            {
                using var output = new SafeFileHandle(_pipe.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false);
                using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                _pid = Tool.Spawn("zstd", ["-dcq", "--memory=128MB"], file.SafeFileHandle, output, nothing);
                _pipe.DisposeLocalCopyOfClientHandle();
            }
            catch
            {
                _pipe.Dispose();
                throw;
            }
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer) => _pipe.Read(buffer);

        public override int Read(byte[] buffer, int offset, int count) => _pipe.Read(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            // Readers dispose of it as well as its owner, and once it was waited for its number is somebody else's.
            if (disposing && Interlocked.Exchange(ref _pid, 0) is > 0 and var pid)
            {
                _pipe.Dispose();
                _ = Tool.Kill(pid, 9);
                _ = Native.WaitPid(pid, out _, 0);
                _file.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
