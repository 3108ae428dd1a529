using Sandbox.Core.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Registry;

/// <summary>
/// The files of a registry that only reads, laid out as Distribution stores them, whose layout has been the same since
/// 2015:
/// <code>
/// blobs/sha256/6c/6c3c…/data                                            the blob
/// repositories/library/debian/_layers/sha256/6c3c…/link                 sha256:6c3c…
/// repositories/library/debian/_manifests/revisions/sha256/0ad1…/link    sha256:0ad1…
/// repositories/library/debian/_manifests/tags/latest/current/link       sha256:0ad1…
/// </code>
/// A blob is a hard link to the store's, so it takes no room, and a reader of a blob that is removed gets the rest of it.
/// https://github.com/distribution/distribution/blob/v2.8.2/registry/storage/paths.go
/// </summary>
internal sealed class RegistryTree(string directory)
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Passable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly string _root = Path.Combine(directory, "docker", "registry", "v2");

    private string Blobs => Path.Combine(_root, "blobs", "sha256");

    private string Repositories => Path.Combine(_root, "repositories");

    /// <summary>Takes a file of the store in; it is copied only if it lies on another disk.</summary>
    public void AddBlob(Digest digest, string file)
    {
        var data = Path.Combine(Blobs, digest.Hex[..2], digest.Hex, "data");
        if (File.Exists(data))
        {
            return;
        }

        MakeDirectory(Path.GetDirectoryName(data)!);
        var fresh = data + ".new";
        File.Delete(fresh);
        if (NativeFiles.Link(file, fresh) != 0)
        {
            File.Copy(file, fresh);
        }

        File.SetUnixFileMode(fresh, Readable);
        File.Move(fresh, data, overwrite: true);
    }

    /// <summary>Lets a repository have a manifest and its blobs.</summary>
    public void AddImage(string repository, Digest manifest, IEnumerable<Digest> blobs)
    {
        foreach (var blob in blobs)
        {
            Link(LayerOf(repository, blob), blob);
        }

        Link(RevisionOf(repository, manifest), manifest);
    }

    /// <summary>Points a tag to a manifest of the repository; a reader finds the former or the new one.</summary>
    public void Tag(string repository, string tag, Digest manifest) => Write(TagOf(repository, tag), manifest);

    /// <summary>Removes all repositories, tags, manifests and blobs but these.</summary>
    /// <param name="images">Repository, tag, manifest and blobs of each.</param>
    public void KeepOnly(IReadOnlyCollection<(string Repository, string Tag, Digest Manifest, IReadOnlyList<Digest> Blobs)> images)
    {
        KeepFiles(Repositories, [.. images.SelectMany(image => image.Blobs
            .Select(blob => LayerOf(image.Repository, blob))
            .Append(RevisionOf(image.Repository, image.Manifest))
            .Append(TagOf(image.Repository, image.Tag)))]);
        KeepFiles(Blobs, [.. images.SelectMany(image => image.Blobs.Append(image.Manifest)).Select(blob => Path.Combine(Blobs, blob.Hex[..2], blob.Hex, "data"))]);
    }

    private static void KeepFiles(string directory, HashSet<string> wanted)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        foreach (var file in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Where(file => !wanted.Contains(file)).ToList())
        {
            File.Delete(file);
        }

        // The deepest first.
        foreach (var empty in Directory.EnumerateDirectories(directory, "*", SearchOption.AllDirectories).OrderByDescending(each => each.Length).ToList())
        {
            if (!Directory.EnumerateFileSystemEntries(empty).Any())
            {
                Directory.Delete(empty);
            }
        }
    }

    private string LayerOf(string repository, Digest blob) => Path.Combine(Repositories, repository, "_layers", "sha256", blob.Hex, "link");

    private string RevisionOf(string repository, Digest manifest) => Path.Combine(Repositories, repository, "_manifests", "revisions", "sha256", manifest.Hex, "link");

    private string TagOf(string repository, string tag) => Path.Combine(Repositories, repository, "_manifests", "tags", tag, "current", "link");

    /// <summary>A link whose digest is in its path never changes.</summary>
    private static void Link(string path, Digest digest)
    {
        if (!File.Exists(path))
        {
            Write(path, digest);
        }
    }

    private static void Write(string path, Digest digest)
    {
        MakeDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path + ".new", digest.Value);
        File.SetUnixFileMode(path + ".new", Readable);
        File.Move(path + ".new", path, overwrite: true);
    }

    private static void MakeDirectory(string path) => Directory.CreateDirectory(path, Passable);
}
