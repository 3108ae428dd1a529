using Sandbox.Core.Images;
using Sandbox.Core.Networks;

namespace Sandbox.Web.Store;

/// <summary>State of a catalog entry.</summary>
public enum CatalogState
{
    /// <summary>Being made or fetched.</summary>
    Making,

    /// <summary>Can be launched at once.</summary>
    Ready,

    /// <summary>Could not be made; the entry says why.</summary>
    Failed,
}

/// <summary>Kind of source that an entry is made from, and made again from.</summary>
internal enum CatalogSource
{
    Recipe,
    Registry,
    OciArchive,
    DockerArchive,
}

/// <summary>One entry of the catalog. It never changes in memory: each step is a new row.</summary>
internal sealed record CatalogRow
{
    public required string Name { get; init; }

    public required string Title { get; init; }

    public required string Description { get; init; }

    public required CatalogSource SourceKind { get; init; }

    /// <summary>The recipe's name, the reference, or the file name of the upload while it is not yet taken in.</summary>
    public required string Source { get; init; }

    public required CatalogState State { get; init; }

    /// <summary>When it was asked to be made; entries are made in this order.</summary>
    public required DateTimeOffset AskedAt { get; init; }

    public string? Error { get; init; }

    /// <summary>How the image differs from its source, a sentence a line.</summary>
    public string Notes { get; init; } = "";

    /// <summary>Kept while it is made again: until then launches take what was there.</summary>
    public string? Digest { get; init; }

    public long Size { get; init; }

    public string Runs { get; init; } = "";

    public bool Interactive { get; init; }

    public bool Hidden { get; init; }

    /// <summary>An operator removed it; the row stays so that the next start does not add it again.</summary>
    public bool Removed { get; init; }

    public string Network { get; init; } = NetworkPolicy.Egress;

    /// <summary>With a blank between; empty is all of the internet.</summary>
    public string Domains { get; init; } = "";

    /// <summary>The isolation class that an operator requires for its sandboxes; null requires none.</summary>
    public string? Isolation { get; init; }

    /// <summary>What sandboxes of this image reach at most.</summary>
    public NetworkPolicy Policy => new(Network, DomainRules.Parse(Domains));

    public bool IsArchive => SourceKind is CatalogSource.OciArchive or CatalogSource.DockerArchive;

    public CatalogRow Made(StoredImage image, IReadOnlyList<string> notes) => this with
    {
        State = CatalogState.Ready,
        Error = null,
        Notes = string.Join('\n', notes),
        Digest = image.Digest.Value,
        Size = image.Size,
        Runs = string.Join(' ', image.Config.Entrypoint.Concat(image.Config.Command)),
        Interactive = image.Config.IsInteractive,
    };

    /// <summary>What could be launched before can still be.</summary>
    public CatalogRow Failed(string error) => this with
    {
        State = Digest is null ? CatalogState.Failed : CatalogState.Ready,
        Error = error,
    };
}
