using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;

namespace Sandbox.Testing;

/// <summary>Snapshots and exports of a <see cref="FakeRuntime"/>.</summary>
internal static class FakeSnapshots
{
    /// <summary>The image of a sandbox's files; the one it was started from when nothing changed.</summary>
    public static StoredImage Image(StoredImage below, SandboxSpec recipe, SnapshotSpec spec, FakeFileSystem files)
    {
        var env = recipe.Env.Where(variable => !spec.ExcludedVariables.Contains(variable.Key, StringComparer.Ordinal))
            .OrderBy(variable => variable.Key, StringComparer.Ordinal).Select(variable => $"{variable.Key}={variable.Value}").ToList();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var changes = files.Changes();
        if (changes.Count == 0 && env.Count == 0)
        {
            return below;
        }

        hash.AppendData(Encoding.UTF8.GetBytes(below.Digest.Value + string.Join('\n', env)));
        foreach (var (path, kind, content, mode) in changes)
        {
            hash.AppendData(path.Bytes);
            hash.AppendData([(byte)kind, (byte)mode, (byte)(mode >> 8)]);
            hash.AppendData(content ?? []);
        }

        var digest = Digest.Parse("sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset()));
        return below with
        {
            Digest = digest,
            Layers = [.. below.Layers, new ImageLayer(digest, Size(files))],
            Config = below.Config with { Env = [.. below.Config.Env, .. env], Workdir = recipe.Workdir ?? below.Config.Workdir, User = recipe.User ?? below.Config.User },
        };
    }

    /// <summary>Bytes that were changed.</summary>
    public static long Size(FakeFileSystem files) => files.Changes().Sum(change => (long)(change.Content?.Length ?? 0));

    /// <summary>What a snapshot would hold.</summary>
    public static SnapshotContents Contents(FakeFileSystem files, IReadOnlyDictionary<string, string> env)
    {
        var changes = files.Changes();
        var secrets = new List<FoundSecret>();
        foreach (var (path, _, content, _) in changes.Where(change => change.Content is not null))
        {
            if (SecretRules.ForPath(path.ToString()) is { } rule)
            {
                secrets.Add(new FoundSecret(rule, path, null));
            }

            var search = new SecretSearch();
            search.Add(content);
            search.Finish();
            secrets.AddRange(search.Found.Select(found => new FoundSecret(found.Rule, path, found.Line)));
        }

        return new SnapshotContents
        {
            Added = changes.Count(change => change.Kind == ChangeKind.Added),
            Changed = changes.Count(change => change.Kind == ChangeKind.Changed),
            Deleted = changes.Count(change => change.Kind == ChangeKind.Deleted),
            Bytes = Size(files),
            Changes = [.. changes.Take(SnapshotContents.MaxListed).Select(change => new ChangedFile(change.Path, change.Kind, change.Content?.Length ?? 0))],
            Env = env,
            Secrets = secrets,
            IsSearchComplete = true,
            Skipped = [],
        };
    }

    /// <summary>A tar of what is new and changed; nothing at all when there is none.</summary>
    public static ReadOnlyMemory<byte> Tar(IReadOnlyList<(SandboxPath Path, ChangeKind Kind, byte[]? Content, int Mode)> changes)
    {
        using var archive = new MemoryStream();
        using (var tar = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (path, kind, content, mode) in changes.Where(change => change.Kind != ChangeKind.Deleted))
            {
                tar.WriteEntry(new PaxTarEntry(content is null ? TarEntryType.Directory : TarEntryType.RegularFile, path.ToString()[1..])
                {
                    Mode = (UnixFileMode)mode,
                    ModificationTime = DateTimeOffset.UnixEpoch,
                    DataStream = content is null ? null : new MemoryStream(content),
                });
            }
        }

        return changes.Any(change => change.Kind != ChangeKind.Deleted) ? archive.ToArray() : ReadOnlyMemory<byte>.Empty;
    }

    /// <summary>An archive with an index that names the image.</summary>
    public static ReadOnlyMemory<byte> Archive(Digest digest, ArchiveKind form)
    {
        using var archive = new MemoryStream();
        using (var tar = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, form == ArchiveKind.Oci ? "index.json" : "manifest.json") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(digest.Value)) });
        }

        return archive.ToArray();
    }
}
