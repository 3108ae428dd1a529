using Sandbox.Core.Errors;

namespace Sandbox.Tutorials.Sources;

/// <summary>A folder on disk. Links are followed to files inside it, never outside, and never to folders.</summary>
public sealed class FolderSource : TutorialSource
{
    private static readonly HashSet<string> Skipped = new(StringComparer.Ordinal) { ".git", "node_modules" };

    private readonly string root;

    private FolderSource(string root) => this.root = root;

    public override string Name => Path.GetFileName(root);

    /// <summary>Lists the folder. A folder that is missing or may not be read is a <see cref="SandboxException"/>.</summary>
    public static FolderSource Open(string folder)
    {
        var path = Path.GetFullPath(folder);
        if (!Directory.Exists(path))
        {
            throw new SandboxException(ErrorCode.Invalid, $"{folder} is not a folder");
        }

        // The root itself may be a link; what lies in it is compared with where it really is.
        path = Real(path) ?? path;
        var source = new FolderSource(path);
        source.List(new DirectoryInfo(path), "", 0);
        return source;
    }

    protected override byte[]? Load(string path, int most)
    {
        try
        {
            using var stream = new FileStream(Path.Combine(root, path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return ReadAtMost(stream, most);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.Unsupported(path, 1, "cannot be read");
            return null;
        }
    }

    private void List(DirectoryInfo folder, string path, int depth)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = folder.GetFileSystemInfos();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.Unsupported(path, 1, "the folder cannot be read");
            return;
        }

        foreach (var entry in entries.OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            var at = Join(path, entry.Name);
            if (entry.Name.Contains('\\', StringComparison.Ordinal) || entry.Name.Any(char.IsControl))
            {
                Log.Unsupported(path, 1, $"a file has a name that cannot be used: {entry.Name}");
            }
            else if (entry.LinkTarget is not null)
            {
                ListLink(entry, at);
            }
            else if (entry is DirectoryInfo below)
            {
                if (Skipped.Contains(entry.Name) || Files.Count >= MaxFiles)
                {
                    continue;
                }

                if (depth >= MaxDepth)
                {
                    Log.Unsupported(at, 1, $"folders deeper than {MaxDepth} levels are left out");
                    continue;
                }

                List(below, at, depth + 1);
            }
            else if (entry is FileInfo file)
            {
                // A pipe or device has no length, and files without one are never opened.
                Add(at, file.Length);
            }
        }
    }

    private void ListLink(FileSystemInfo entry, string at)
    {
        var target = Real(entry.FullName);
        if (target is null || !target.StartsWith(root + "/", StringComparison.Ordinal))
        {
            Log.Unsupported(at, 1, target is null ? "the link leads nowhere" : "the link leads out of the folder and is not followed");
        }
        else if (Directory.Exists(target))
        {
            Log.Unsupported(at, 1, "a link to a folder is not followed");
        }
        else
        {
            Add(at, new FileInfo(target).Length);
        }
    }

    /// <summary>The path without any link in it, also none in the folders on the way; null when it leads nowhere.</summary>
    private static string? Real(string path)
    {
        var real = "/";
        var rest = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        for (var steps = 0; rest.TryPop(out var part); steps++)
        {
            if (steps > 1000)
            {
                return null;
            }

            if (part is "..")
            {
                real = Path.GetDirectoryName(real) ?? "/";
                continue;
            }

            if (part is ".")
            {
                continue;
            }

            var next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is { } target)
            {
                if (target.StartsWith('/'))
                {
                    real = "/";
                }

                foreach (var piece in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                {
                    rest.Push(piece);
                }
            }
            else
            {
                real = next;
            }
        }

        return File.Exists(real) || Directory.Exists(real) ? real : null;
    }
}
