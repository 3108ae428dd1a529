namespace Sandbox.Tutorials.Sources;

/// <summary>A tree of files in memory, which its maker has bounded.</summary>
public sealed class MemorySource : TutorialSource
{
    private readonly IReadOnlyDictionary<string, byte[]> contents;

    /// <param name="name">The name of the tree.</param>
    /// <param name="contents">The files by their paths. Paths that leave the tree, or that no file may have, are left out and said to be.</param>
    public MemorySource(string name, IReadOnlyDictionary<string, byte[]> contents)
    {
        Name = name;
        this.contents = contents;
        foreach (var (path, content) in contents)
        {
            if (path.Any(letter => char.IsControl(letter) || letter == '\\') || path.Split('/') is var parts && (parts.Length > MaxDepth || parts.Any(part => part is "" or "." or "..")))
            {
                Log.Unsupported("", 1, $"a file has a name that cannot be used: {path}");
            }
            else
            {
                Add(path, content.Length);
            }
        }
    }

    public override string Name { get; }

    protected override byte[]? Load(string path, int most) => contents.GetValueOrDefault(path) is { } content ? content[..Math.Min(content.Length, most)] : null;
}
