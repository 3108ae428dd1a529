using Sandbox.Core.Snapshots;

namespace Sandbox.Rpc.Wire;

/// <summary>Snapshots in and out of messages.</summary>
internal static class SnapshotsMap
{
    /// <summary>Entries in one message: paths are up to 4 KiB.</summary>
    private const int EntriesPerMessage = 200;

    internal static SnapshotRequest ToWire(this SnapshotSpec spec, string id)
    {
        var wire = new SnapshotRequest { Id = id, ExcludedVariables = { spec.ExcludedVariables } };
        wire.ExcludedPaths.AddRange(spec.ExcludedPaths.Select(Values.ToWire));
        return wire;
    }

    internal static SnapshotSpec ToCore(this SnapshotRequest wire) => new()
    {
        ExcludedPaths = [.. wire.ExcludedPaths.Select(Values.ToPath)],
        ExcludedVariables = [.. wire.ExcludedVariables],
    };

    internal static SnapshotReply ToWire(this SnapshotResult result)
    {
        var wire = new SnapshotReply { Image = result.Image.ToWire(), LayerBytes = result.LayerBytes };
        wire.Skipped.AddRange(result.Skipped.Select(ToWire));
        return wire;
    }

    internal static SnapshotResult ToCore(this SnapshotReply wire) =>
        new((wire.Image ?? throw Faults.Malformed("image")).ToCore(), wire.LayerBytes, [.. wire.Skipped.Select(ToCore)]);

    internal static IEnumerable<SnapshotPart> ToWire(this SnapshotContents contents)
    {
        var summary = new SnapshotSummary
        {
            Added = contents.Added,
            Changed = contents.Changed,
            Deleted = contents.Deleted,
            Bytes = contents.Bytes,
            IsSearchComplete = contents.IsSearchComplete,
        };
        summary.Env.Add(contents.Env.ToDictionary(StringComparer.Ordinal));
        summary.Skipped.AddRange(contents.Skipped.Select(ToWire));
        yield return new SnapshotPart { Summary = summary };
        foreach (var chunk in contents.Changes.Chunk(EntriesPerMessage))
        {
            var part = new SnapshotPart();
            part.Changes.AddRange(chunk.Select(change => new ChangedPath { Path = change.Path.ToWire(), Kind = (ChangeKind)((int)change.Kind + 1), Size = change.Size }));
            yield return part;
        }

        foreach (var chunk in contents.Secrets.Chunk(EntriesPerMessage))
        {
            var part = new SnapshotPart();
            part.Secrets.AddRange(chunk.Select(ToWire));
            yield return part;
        }
    }

    internal static SnapshotContents ToCore(this IReadOnlyList<SnapshotPart> parts)
    {
        var summary = parts.Select(part => part.Summary).FirstOrDefault(part => part is not null) ?? throw Faults.Malformed("summary");
        return new SnapshotContents
        {
            Added = summary.Added,
            Changed = summary.Changed,
            Deleted = summary.Deleted,
            Bytes = summary.Bytes,
            Env = summary.Env.ToDictionary(StringComparer.Ordinal),
            IsSearchComplete = summary.IsSearchComplete,
            Skipped = [.. summary.Skipped.Select(ToCore)],
            Changes = [.. parts.SelectMany(part => part.Changes)
                .Select(change => new ChangedFile(Values.ToPath(change.Path), Values.ToEnum<Core.Snapshots.ChangeKind>((int)change.Kind, "change"), change.Size))],
            Secrets = [.. parts.SelectMany(part => part.Secrets)
                .Select(secret => new Core.Snapshots.FoundSecret(secret.Rule, Values.ToPath(secret.Path), secret.HasLine ? secret.Line : null))],
        };
    }

    private static FoundSecret ToWire(Core.Snapshots.FoundSecret secret)
    {
        var wire = new FoundSecret { Rule = secret.Rule, Path = secret.Path.ToWire() };
        if (secret.Line is { } line)
        {
            wire.Line = line;
        }

        return wire;
    }

    private static SkippedPath ToWire(SkippedFile skipped) => new() { Path = skipped.Path.ToWire(), Reason = (SkipReason)((int)skipped.Reason + 1) };

    private static SkippedFile ToCore(SkippedPath wire) =>
        new(Values.ToPath(wire.Path), Values.ToEnum<Core.Snapshots.SkipReason>((int)wire.Reason, "reason"));
}
