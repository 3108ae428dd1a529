using System.Globalization;

namespace Sandbox.Daemon.Images;

/// <summary>
/// How an imported image differs from what its archive or registry holds: one sentence for each kind of change, with
/// how often and where first, so that a layer of a million odd entries makes a short report.
/// </summary>
internal sealed class ImportNotes
{
    private readonly Dictionary<string, (int Count, string First)> _found = new(StringComparer.Ordinal);

    /// <summary>One sentence for each kind, in the order they were met.</summary>
    public IReadOnlyList<string> Sentences =>
        [.. _found.Select(note => note.Value.Count == 1
            ? $"{note.Key}: '{note.Value.First}'."
            : string.Create(CultureInfo.InvariantCulture, $"{note.Key}: '{note.Value.First}' and {note.Value.Count - 1} more."))];

    /// <summary>Counts one change.</summary>
    /// <param name="what">What was done, without the name: "Skipped a device node".</param>
    /// <param name="where">The name from the image; made fit for a message.</param>
    public void Add(string what, string where)
    {
        var (count, first) = _found.GetValueOrDefault(what);
        _found[what] = (count + 1, first ?? ImageManifest.Shown(where));
    }
}
