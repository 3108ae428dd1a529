using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Files;
using Sandbox.Core.Snapshots;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Snapshots;

/// <summary>Lists what a snapshot would hold, and searches it for secrets.</summary>
internal static class SnapshotInspection
{
    private const long MostSearchedInFile = 16L << 20;
    private const long MostSearched = 512L << 20;

    /// <summary>Lists all changes. Files that were removed meanwhile are skipped.</summary>
    public static SnapshotContents Run(UpperWalk walk, ChangeFilter filter, IReadOnlyDictionary<string, string> env, CancellationToken cancellationToken)
    {
        var changes = new List<ChangedFile>();
        var secrets = new List<FoundSecret>();
        var counts = new long[3];
        var buffer = new byte[256 * 1024];
        var isComplete = true;
        long bytes = 0;
        long searched = 0;
        foreach (var change in walk.Changes())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (KindOf(change) is not { } kind || !SandboxPath.TryParse([(byte)'/', .. change.Path], out var path))
            {
                continue;
            }

            counts[(int)kind]++;
            var present = change as LayerChange.Present;
            var size = present is { Kind: TarKind.File } ? present.Status.Size : 0;
            bytes += size;
            if (changes.Count < SnapshotContents.MaxListed)
            {
                changes.Add(new ChangedFile(path, kind, size));
            }

            if (present is not { Kind: TarKind.File or TarKind.HardLink })
            {
                continue;
            }

            if (SecretRules.ForPath(path.ToString()) is { } rule)
            {
                Add(secrets, new FoundSecret(rule, path, null), ref isComplete);
            }

            if (present is { Kind: TarKind.File, Inode: { } inode })
            {
                var most = Math.Min(MostSearchedInFile, MostSearched - searched);
                foreach (var (name, line) in Search(inode, size, most, buffer, ref searched, ref isComplete))
                {
                    Add(secrets, new FoundSecret(name, path, line), ref isComplete);
                }
            }
        }

        return new SnapshotContents
        {
            Added = counts[(int)ChangeKind.Added],
            Changed = counts[(int)ChangeKind.Changed],
            Deleted = counts[(int)ChangeKind.Deleted],
            Bytes = bytes,
            Changes = changes,
            Env = env,
            Secrets = secrets,
            IsSearchComplete = isComplete,
            Skipped = filter.Skipped,
        };
    }

    // A directory of which only the time differs is no change to a person; its entries are listed by themselves.
    private static ChangeKind? KindOf(LayerChange change) => change switch
    {
        LayerChange.Deleted => ChangeKind.Deleted,
        LayerChange.Present { Path.Length: 0 } or LayerChange.Present { IsTouched: true, Kind: TarKind.Directory } => null,
        LayerChange.Present { IsInImage: true } => ChangeKind.Changed,
        LayerChange.Present => ChangeKind.Added,
        _ => null,
    };

    private static void Add(List<FoundSecret> secrets, FoundSecret secret, ref bool isComplete)
    {
        if (secrets.Count < SnapshotContents.MaxListed)
        {
            secrets.Add(secret);
        }
        else
        {
            isComplete = false;
        }
    }

    private static IReadOnlyCollection<(string Rule, int Line)> Search(SafeFileHandle inode, long size, long most, byte[] buffer, ref long searched, ref bool isComplete)
    {
        var search = new SecretSearch();
        using var file = inode.Reopen();
        long offset = 0;
        while (search.WantsMore && file.Read(buffer, offset) is var read and > 0)
        {
            search.Add(buffer.AsSpan(0, read));
            offset += read;
            searched += read;
            if (offset >= most && offset < size && search.WantsMore)
            {
                isComplete = false;
                break;
            }
        }

        search.Finish();
        return search.Found;
    }
}
