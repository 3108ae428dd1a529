using System.Text;
using Sandbox.Recipes.Problems;

namespace Sandbox.Tutorials.Sources;

/// <summary>
/// A tree of files that somebody else wrote: a folder or a zip. Nothing outside the tree can be named through it, and
/// all paths are relative with slashes.
/// </summary>
public abstract class TutorialSource : IDisposable
{
    /// <summary>Files of one source.</summary>
    public const int MaxFiles = 50_000;

    /// <summary>Bytes of one file that are read.</summary>
    public const int MaxFileBytes = 16 * 1024 * 1024;

    /// <summary>Bytes of a text that are read. The rest of it is left out, and said to be.</summary>
    public const int MaxTextBytes = 1024 * 1024;

    /// <summary>Levels of folders.</summary>
    protected const int MaxDepth = 32;

    private readonly SortedDictionary<string, long> files = new(StringComparer.Ordinal);
    private readonly HashSet<string> folders = new(StringComparer.Ordinal) { "" };
    private readonly ProblemLog log = new();
    private ILookup<string, string>? byFolder;

    /// <summary>The name of the folder or archive.</summary>
    public abstract string Name { get; }

    /// <summary>Every file, sorted.</summary>
    public IReadOnlyCollection<string> Files => files.Keys;

    /// <summary>Every folder; the root is the empty path.</summary>
    public IReadOnlyCollection<string> Folders => folders;

    /// <summary>Links that lead outside, names that cannot be used, limits.</summary>
    public IReadOnlyList<Problem> Problems => log.All;

    internal ProblemLog Log => log;

    public bool Has(string path) => files.ContainsKey(path);

    public bool HasFolder(string path) => folders.Contains(path);

    /// <summary>The files of a folder, without those below its folders.</summary>
    public IEnumerable<string> FilesOf(string folder) => (byFolder ??= files.Keys.ToLookup(FolderOf, StringComparer.Ordinal))[folder];

    /// <summary>The content of a file, at most <see cref="MaxFileBytes"/>; null when it is missing or cannot be read.</summary>
    public byte[]? Read(string path) => files.TryGetValue(path, out var length) ? length == 0 ? [] : Load(path, MaxFileBytes) : null;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    public static string FolderOf(string path) => path.LastIndexOf('/') is >= 0 and var at ? path[..at] : "";

    public static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    public static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}/{name}";

    /// <summary>The path that a reference in a file of <paramref name="folder"/> means; null when it leaves the tree.</summary>
    public static string? Resolve(string folder, string reference)
    {
        if (reference.Length is 0 or > 1024 || reference.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

        var parts = reference.StartsWith('/') ? [] : new List<string>(folder.Split('/', StringSplitOptions.RemoveEmptyEntries));
        foreach (var part in reference.Split('/', '\\'))
        {
            if (part is "..")
            {
                if (parts.Count == 0)
                {
                    return null;
                }

                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }

    /// <summary>A text as it is parsed: without a byte order mark, line ends as LF. Null when the file is missing.</summary>
    internal string? ReadText(string path, ProblemLog problems)
    {
        if (Read(path) is not { } bytes)
        {
            return null;
        }

        if (bytes.Length > MaxTextBytes)
        {
            problems.Unsupported(path, 1, $"the text has more than {MaxTextBytes / 1024} KiB; the rest is left out");
            bytes = bytes[..MaxTextBytes];
        }

        var span = bytes.AsSpan();
        if (span.StartsWith(Encoding.UTF8.Preamble))
        {
            span = span[3..];
        }

        var text = Encoding.UTF8.GetString(span);
        if (text.Contains('\uFFFD', StringComparison.Ordinal) && bytes.Length < MaxTextBytes)
        {
            problems.Unsupported(path, 1, "bytes that are not UTF-8 are shown as \uFFFD");
        }

        return text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Replace('\0', '\uFFFD');
    }

    protected void Add(string path, long length)
    {
        if (files.Count >= MaxFiles)
        {
            return;
        }

        files[path] = length;
        for (var folder = FolderOf(path); folders.Add(folder); folder = FolderOf(folder))
        {
        }

        if (files.Count == MaxFiles)
        {
            log.Unsupported("", 1, $"there are more than {MaxFiles} files; the rest is left out");
        }
    }

    /// <summary>Reads at most <paramref name="most"/> bytes of a file that was added.</summary>
    protected abstract byte[]? Load(string path, int most);

    protected virtual void Dispose(bool disposing)
    {
    }

    protected static byte[] ReadAtMost(Stream stream, int most)
    {
        using var copy = new MemoryStream();
        var buffer = new byte[81920];
        while (copy.Length < most && stream.Read(buffer, 0, (int)Math.Min(buffer.Length, most - copy.Length)) is > 0 and var read)
        {
            copy.Write(buffer, 0, read);
        }

        return copy.ToArray();
    }
}
