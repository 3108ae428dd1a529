using System.Formats.Tar;
using System.Globalization;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Addresses;
using Sandbox.Recipes.Repositories;
using Sandbox.Web.Errands;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Repositories;

/// <summary>An entry of a commit's tree.</summary>
/// <param name="Mode">As git writes it: 100644, 100755, 120000 (a symbolic link), 160000 (a submodule), 040000 (a directory).</param>
/// <param name="Path">Relative to the root.</param>
internal sealed record TreeEntry(string Mode, string Path)
{
    public bool IsDirectory => Mode == "040000";

    public bool IsFile => Mode is "100644" or "100755" or "120000";
}

/// <summary>
/// One commit of a repository, fetched into a reader without the contents of its files: these come when they are read. No
/// work tree is made, so nothing in it can be followed or run.
/// </summary>
internal sealed class GitRepository(ErrandSandbox sandbox, Reading reading, RepositoryOptions options)
{
    private const string Home = "/srv/repository";
    private const string Content = "/srv/content";
    private const string Header = " blob ";

    private const int MemoryMiB = 256;

    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(30);

    private string _host = "";
    private string _ref = "HEAD";

    /// <summary>The sandbox in which a repository is read: one with git.</summary>
    public static Errand Errand(RepositoryOptions options) =>
        new("reader", options.Image, "repositories are read") { Resources = new RecipeResources { MemoryMiB = MemoryMiB, DiskMiB = options.DiskMiB } };

    /// <summary>The commit.</summary>
    public string Commit { get; private set; } = "";

    /// <summary>Fetches the commit of an address. Codes: NotFound, RepositoryUnreachable, TooLarge, Timeout.</summary>
    public async Task FetchAsync(RepositoryAddress address, CancellationToken cancellationToken)
    {
        (_host, _ref) = (new Uri(address.Url).Authority, address.Ref ?? "HEAD");
        reading.Say($"Asking {_host} for {(address.Ref is null ? "the repository" : address.Ref)}");
        await GitAsync(["init", "--quiet", "--bare", "--", Home], Quick, cancellationToken);
        await GitAsync(["-C", Home, "remote", "add", "origin", address.Url], Quick, cancellationToken);
        await GitAsync(["-C", Home, "fetch", "--no-tags", "--depth", "1", "--filter=blob:none", "--no-recurse-submodules", "origin", _ref], TimeSpan.FromSeconds(options.Seconds), cancellationToken);
        Commit = (await GitAsync(["-C", Home, "rev-parse", "--verify", "--end-of-options", "FETCH_HEAD^{commit}"], Quick, cancellationToken)).Trim();
        if (!IsCommit(Commit))
        {
            throw new SandboxException(ErrorCode.RepositoryUnreachable, $"{_host} sent something that is no commit.");
        }
    }

    /// <summary>The entries at the given paths; those that are not there are left out.</summary>
    public async Task<IReadOnlyDictionary<string, TreeEntry>> FindAsync(IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        // Literal: a path of a visitor is no pattern.
        var listing = await GitAsync(["--literal-pathspecs", "-C", Home, "ls-tree", "-z", "-t", "--full-tree", Commit, "--", .. paths], Quick, cancellationToken);
        return Entries(listing).ToDictionary(entry => entry.Path, StringComparer.Ordinal);
    }

    /// <summary>
    /// The first bytes of a file. A link within the tree is followed; one that leads out of it is Invalid, and so is a pointer of
    /// Git LFS. Null when nothing is there.
    /// </summary>
    public async Task<byte[]?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        const int Most = RepositoryLayout.MaxFileBytes + 1;
        string[] command = ["sh", "-c", "out=$1; shift; exec \"$@\" > \"$out\"", "sh", Content, .. GitCommand.Of("-C", Home, "cat-file", "--batch", "--follow-symlinks")];
        await RunAsync(command, "git cat-file " + path, Encoding.UTF8.GetBytes($"{Commit}:{path}\n"), TimeSpan.FromSeconds(options.Seconds), cancellationToken);
        var answer = await sandbox.ReadAsync(Content, Most + 128, cancellationToken);

        // 3b18e512dba79e4c8300dd08aeb37f8e728b8dad blob 12, a line break, the content and a line break
        var end = answer.AsSpan().IndexOf((byte)'\n');
        var header = end < 0 ? "" : Encoding.UTF8.GetString(answer.AsSpan(0, end));
        if (header.StartsWith("symlink ", StringComparison.Ordinal))
        {
            throw new SandboxException(ErrorCode.Invalid, $"{path} is a symbolic link that leads out of the repository.");
        }

        if (header.IndexOf(Header, StringComparison.Ordinal) is not (40 or 64) || !long.TryParse(header.AsSpan(header.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture, out var size))
        {
            return null;
        }

        var content = answer[(end + 1)..(int)(end + 1 + Math.Min(size, Math.Min(Most, answer.Length - end - 1)))];
        return content.AsSpan().StartsWith("version https://git-lfs.github.com/spec/"u8)
            ? throw new SandboxException(ErrorCode.Invalid, $"{path} is a pointer of Git LFS. Files that a recipe is read from have to be in the repository itself.")
            : content;
    }

    /// <summary>The commit of another repository's ref. Codes: NotFound, RepositoryUnreachable, Timeout.</summary>
    public async Task<string> ResolveAsync(string url, string? name, CancellationToken cancellationToken)
    {
        (_host, _ref) = (new Uri(url).Authority, name ?? "HEAD");
        reading.Say($"Asking {_host} for {url}");
        var lines = (await GitAsync(["ls-remote", "--", url, _ref, $"{_ref}^{{}}"], TimeSpan.FromSeconds(options.Seconds), cancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('\t')).Where(words => words.Length == 2).DistinctBy(words => words[1], StringComparer.Ordinal).ToDictionary(words => words[1], words => words[0], StringComparer.Ordinal);
        foreach (var full in (string[])[_ref, $"refs/tags/{_ref}^{{}}", $"refs/tags/{_ref}", $"refs/heads/{_ref}"])
        {
            if (lines.GetValueOrDefault(full) is { } commit && IsCommit(commit))
            {
                return commit;
            }
        }

        throw new SandboxException(ErrorCode.NotFound, $"{url} has no branch or tag '{_ref}'.");
    }

    /// <summary>
    /// The files of a folder by their paths in it; symbolic links and submodules are left out. No program of the repository
    /// runs: git knows no filter in a reader. Codes: NotFound, TooLarge.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, byte[]>> ReadTreeAsync(string? folder, int mostFiles, int mostBytes, CancellationToken cancellationToken)
    {
        const string Tree = "/srv/tree";
        var listing = await GitAsync(["--literal-pathspecs", "-C", Home, "ls-tree", "-z", "-r", "--full-tree", Commit, .. folder is null ? [] : new[] { "--", folder + "/" }], Quick, cancellationToken);
        var entries = Entries(listing).ToList();
        if (entries.Count == 0)
        {
            throw new SandboxException(ErrorCode.NotFound, folder is null ? "The repository is empty." : $"The repository has no folder '{folder}'.");
        }

        if (entries.Count > mostFiles)
        {
            throw new SandboxException(ErrorCode.TooLarge, $"The folder has more than {mostFiles} files.");
        }

        reading.Say($"Fetching {entries.Count} {(entries.Count == 1 ? "file" : "files")}");
        await RunAsync(["mkdir", "-p", Tree], "mkdir", null, Quick, cancellationToken);
        string[] checkout = ["--literal-pathspecs", $"--git-dir={Home}", $"--work-tree={Tree}", "-c", "core.symlinks=false", "-c", "core.autocrlf=false", "checkout", "--quiet", "--no-recurse-submodules", Commit, "--", folder ?? "."];
        await GitAsync(checkout, TimeSpan.FromSeconds(options.Seconds), cancellationToken);

        var left = entries.Where(entry => entry.Mode is not ("100644" or "100755")).Select(entry => folder is null ? entry.Path : entry.Path[(folder.Length + 1)..]).ToHashSet(StringComparer.Ordinal);
        using var tar = new TarReader(new MemoryStream(await sandbox.ReadTreeAsync(folder is null ? Tree : $"{Tree}/{folder}", mostBytes, cancellationToken)));
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            if (entry.EntryType == TarEntryType.RegularFile && !left.Contains(entry.Name) && files.Count < mostFiles)
            {
                using var content = new MemoryStream();
                await (entry.DataStream?.CopyToAsync(content, cancellationToken) ?? Task.CompletedTask);
                files[entry.Name] = content.ToArray();
            }
        }

        return files;
    }

    private static IEnumerable<TreeEntry> Entries(string listing)
    {
        // 100644 blob 3b18e512dba79e4c8300dd08aeb37f8e728b8dad, a tab and the path
        foreach (var line in listing.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.IndexOf('\t', StringComparison.Ordinal) is > 6 and var tab)
            {
                yield return new TreeEntry(line[..6], line[(tab + 1)..]);
            }
        }
    }

    private static bool IsCommit(string text) => text.Length is 40 or 64 && text.All(char.IsAsciiHexDigitLower);

    private Task<string> GitAsync(string[] arguments, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunAsync(GitCommand.Of(arguments), "git " + string.Join(' ', arguments), default, timeout, cancellationToken);

    private async Task<string> RunAsync(string[] command, string line, byte[]? stdin, TimeSpan timeout, CancellationToken cancellationToken)
    {
        reading.Note("$ " + line);
        var result = await sandbox.RunAsync(command, stdin, timeout, cancellationToken);
        reading.Note(Encoding.UTF8.GetString(result.Stderr.Span));
        if (result.ExitCode != 0 || result.IsTimedOut)
        {
            throw GitFaults.Of(result, _host, _ref, (int)timeout.TotalSeconds);
        }

        return result.Truncated
            ? throw new SandboxException(ErrorCode.TooLarge, "The repository has more entries than can be read here.")
            : Encoding.UTF8.GetString(result.Stdout.Span);
    }
}
