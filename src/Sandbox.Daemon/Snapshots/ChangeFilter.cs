using System.Text;
using Sandbox.Core.Files;
using Sandbox.Core.Snapshots;

namespace Sandbox.Daemon.Snapshots;

/// <summary>Leaves out of a snapshot: excluded paths, and given files that were not changed.</summary>
internal sealed class ChangeFilter
{
    private readonly HashSet<string> _excluded;
    private readonly Dictionary<string, byte[]> _given;

    /// <param name="excluded">Paths to leave out, with all below them.</param>
    /// <param name="given">Files that every sandbox is given, with the text that was written.</param>
    public ChangeFilter(IReadOnlyList<SandboxPath> excluded, IReadOnlyList<(SandboxPath Path, string Text)> given)
    {
        _excluded = excluded.Select(path => Key(path.Bytes[1..])).ToHashSet(StringComparer.Ordinal);
        _given = given.ToDictionary(file => Key(file.Path.Bytes[1..]), file => Encoding.UTF8.GetBytes(file.Text), StringComparer.Ordinal);
    }

    /// <summary>Whether a path is excluded. Those below it are then never asked for.</summary>
    public bool Excludes(ReadOnlySpan<byte> path) => _excluded.Count > 0 && _excluded.Contains(Key(path));

    /// <summary>The content a path was given, or null.</summary>
    public byte[]? Given(ReadOnlySpan<byte> path) => path.StartsWith("etc/"u8) && _given.TryGetValue(Key(path), out var content) ? content : null;

    /// <summary>The first of the paths that were left out, with the reason.</summary>
    public List<SkippedFile> Skipped { get; } = [];

    public void Skip(ReadOnlySpan<byte> path, SkipReason reason)
    {
        if (Skipped.Count < SnapshotContents.MaxSkipped && SandboxPath.TryParse([(byte)'/', .. path], out var shown))
        {
            Skipped.Add(new SkippedFile(shown, reason));
        }
    }

    // One character for each byte, so that two paths stay two.
    private static string Key(ReadOnlySpan<byte> path) => Encoding.Latin1.GetString(path);
}
