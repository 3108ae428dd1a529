using System.IO.Compression;
using Sandbox.Core.Errors;

namespace Sandbox.Tutorials.Sources;

/// <summary>
/// A zip, read in place: nothing is unpacked to disk. An archive with a name that leaves it (zip slip), or with more than
/// the limits when it is unpacked (a bomb), is refused as a whole.
/// </summary>
public sealed class ZipSource : TutorialSource
{
    /// <summary>Bytes of all files when unpacked.</summary>
    public const long MaxTotalBytes = 256L * 1024 * 1024;

    /// <summary>Bytes of one file when unpacked for each byte of it when packed, once it is larger than <see cref="PlainBytes"/>.</summary>
    private const int MaxRatio = 200;

    /// <summary>A file of so many bytes may be of one word: a long text is no bomb.</summary>
    private const int PlainBytes = 8 * 1024 * 1024;

    private readonly ZipArchive archive;
    private readonly Dictionary<string, ZipArchiveEntry> entries = new(StringComparer.Ordinal);

    private ZipSource(ZipArchive archive, string name)
    {
        this.archive = archive;
        Name = name;
    }

    public override string Name { get; }

    /// <summary>Opens an archive, which the source then owns. One that is refused is a <see cref="SandboxException"/>.</summary>
    public static ZipSource Open(Stream stream, string name)
    {
        ZipArchive? opened = null;
        try
        {
            opened = new ZipArchive(stream, ZipArchiveMode.Read);
            var source = new ZipSource(opened, name);
            source.List();
            return source;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            opened?.Dispose();
            stream.Dispose();
            throw new SandboxException(ErrorCode.Invalid, $"{name} is not a zip that can be read");
        }
        catch
        {
            opened?.Dispose();
            stream.Dispose();
            throw;
        }
    }

    protected override byte[]? Load(string path, int most)
    {
        try
        {
            using var stream = entries[path].Open();
            return ReadAtMost(stream, most);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException)
        {
            Log.Unsupported(path, 1, "cannot be unpacked");
            return null;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            archive.Dispose();
        }

        base.Dispose(disposing);
    }

    private void List()
    {
        if (archive.Entries.Count > MaxFiles)
        {
            throw Refused($"has more than {MaxFiles} files");
        }

        long total = 0;
        foreach (var entry in archive.Entries)
        {
            CheckName(entry.FullName);
            if (entry.FullName.EndsWith('/'))
            {
                continue;
            }

            total += entry.Length;
            if (total > MaxTotalBytes || total < 0)
            {
                throw Refused($"has more than {MaxTotalBytes / 1024 / 1024} MiB when it is unpacked");
            }

            if (entry.Length > PlainBytes && entry.Length / Math.Max(1, entry.CompressedLength) > MaxRatio)
            {
                throw Refused($"has a file that is packed more than {MaxRatio} times: {entry.FullName}");
            }

            // The upper half of the attributes is a Unix mode; 0120000 is a symbolic link.
            if ((entry.ExternalAttributes >> 16 & 0xF000) == 0xA000)
            {
                Log.Unsupported(entry.FullName, 1, "a link in a zip is not followed");
                continue;
            }

            if (entry.FullName.Count(letter => letter == '/') > MaxDepth)
            {
                Log.Unsupported(entry.FullName, 1, $"folders deeper than {MaxDepth} levels are left out");
                continue;
            }

            if (!entries.TryAdd(entry.FullName, entry))
            {
                Log.Unsupported(entry.FullName, 1, "is in the zip twice; the first is used");
                continue;
            }

            Add(entry.FullName, entry.Length);
        }
    }

    private void CheckName(string name)
    {
        var parts = name.TrimEnd('/').Split('/');
        if (name.Length is 0 or > 1024 || name.Contains('\\', StringComparison.Ordinal) || name.Any(char.IsControl) || parts.Any(part => part is "" or "." or "..") || (name.Length > 1 && name[1] == ':'))
        {
            throw Refused($"has a name that leaves it or cannot be used: {(name.Length > 100 ? name[..100] : name)}");
        }
    }

    private SandboxException Refused(string why) => new(ErrorCode.Invalid, $"{Name} {why}");
}
