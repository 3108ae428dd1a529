namespace Sandbox.Core.Runtime;

/// <summary>
/// The features that not every runtime has, so that a page can leave out a button and a recipe can be refused before
/// anything is started.
/// </summary>
public sealed record RuntimeCapabilities
{
    /// <summary>The isolation classes that it can start, the default first.</summary>
    public required IReadOnlyList<string> IsolationClasses { get; init; }

    /// <summary>Whether it can save the files of a sandbox as an image.</summary>
    public bool HasSnapshots { get; init; }

    /// <summary>Whether it can forward a port of a sandbox.</summary>
    public bool HasPorts { get; init; }

    /// <summary>Whether sandboxes of one playground reach each other by name, so that recipes may have several nodes.</summary>
    public bool HasNodes { get; init; }

    /// <summary>Whether it can keep a volume longer than its sandbox.</summary>
    public bool HasVolumes { get; init; }
}
