using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Web.Tutorials;

/// <summary>
/// The files of a source as one zip, and their hash. The hash is over names and contents, so that neither the packer nor
/// its version changes it; times and modes are left out.
/// </summary>
internal static class TutorialArchive
{
    /// <summary>Bytes of all files together.</summary>
    public const long MaxBytes = 64L * 1024 * 1024;

    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Writes the archive and returns the hash. Code: TooLarge.</summary>
    /// <param name="source">The files.</param>
    /// <param name="keeps">Which of them.</param>
    /// <param name="to">Gets the zip.</param>
    public static string Write(TutorialSource source, Func<string, bool> keeps, Stream to)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var archive = new ZipArchive(to, ZipArchiveMode.Create, leaveOpen: true);
        var total = 0L;
        Span<byte> length = stackalloc byte[sizeof(long)];
        foreach (var path in source.Files.Where(keeps))
        {
            if (source.Read(path) is not { } content)
            {
                continue;
            }

            total += content.Length;
            if (content.Length >= TutorialSource.MaxFileBytes || total > MaxBytes)
            {
                throw new SandboxException(ErrorCode.TooLarge, $"The files of tutorials may have {MaxBytes >> 20} MiB together, and each less than {TutorialSource.MaxFileBytes >> 20} MiB: {path} is beyond that.");
            }

            BinaryPrimitives.WriteInt64BigEndian(length, content.Length);
            hash.AppendData(Encoding.UTF8.GetBytes(path));
            hash.AppendData([0]);
            hash.AppendData(length);
            hash.AppendData(content);
            var entry = archive.CreateEntry(path, CompressionLevel.Fastest);
            entry.LastWriteTime = NoTime;
            using var file = entry.Open();
            file.Write(content);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The hash of one tutorial of a source; a source that is a tutorial itself has one hash with it.</summary>
    public static string HashOf(string source, string path) =>
        path.Length == 0 ? source : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{source}/{path}")));
}
