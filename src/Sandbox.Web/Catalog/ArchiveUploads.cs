using Sandbox.Core.Errors;
using Sandbox.Core.Ids;

namespace Sandbox.Web.Catalog;

/// <summary>Image archives between their upload and the moment the runtime took them in.</summary>
internal sealed class ArchiveUploads(WebOptions options)
{
    private const int Block = 128 * 1024;

    private readonly string _directory = Path.Combine(options.DataDirectory, "uploads");

    /// <summary>Stores an upload; what it returns finds it again, also after a restart.</summary>
    public async Task<string> KeepAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var name = IdText.Random();
        var path = Path.Combine(_directory, name);
        try
        {
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, Block, useAsync: true);
            var length = 0L;
            await foreach (var bytes in content.WithCancellation(cancellationToken))
            {
                length += bytes.Length;
                if (length > options.Limits.ArchiveBytes)
                {
                    throw new SandboxException(ErrorCode.TooLarge, $"An archive may hold {options.Limits.ArchiveBytes} bytes.");
                }

                await file.WriteAsync(bytes, cancellationToken);
            }

            if (length == 0)
            {
                throw new SandboxException(ErrorCode.Invalid, "The archive is empty.");
            }

            return name;
        }
        catch (IOException full) when ((full.HResult & 0xFFFF) is 28 or 122)
        {
            // ENOSPC and EDQUOT.
            File.Delete(path);
            throw new SandboxException(ErrorCode.DiskFull, "The host's disk is full.", full);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    public bool Has(string name) => IdText.IsValid(name) && File.Exists(Path.Combine(_directory, name));

    /// <summary>An upload, to be read in any order.</summary>
    public FileStream Open(string name) => new(Path.Combine(_directory, name), FileMode.Open, FileAccess.Read, FileShare.Read, 1, useAsync: true);

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string name)
    {
        await using var file = Open(name);
        int read;
        do
        {
            var block = new byte[Block];
            read = await file.ReadAsync(block);
            yield return block.AsMemory(0, read);
        }
        while (read > 0);
    }

    public void Drop(string name)
    {
        if (IdText.IsValid(name))
        {
            File.Delete(Path.Combine(_directory, name));
        }
    }

    /// <summary>Removes what a crash left half-written.</summary>
    public void Sweep(IReadOnlySet<string> wanted)
    {
        if (Directory.Exists(_directory))
        {
            foreach (var path in Directory.EnumerateFiles(_directory).Where(path => !wanted.Contains(Path.GetFileName(path))))
            {
                File.Delete(path);
            }
        }
    }
}
