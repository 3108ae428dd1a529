using Sandbox.Core.Images;

namespace Sandbox.Web.Catalog;

/// <summary>What a catalog entry is doing.</summary>
public enum CatalogState
{
    /// <summary>Being made or fetched.</summary>
    Making,

    /// <summary>Can be launched at once.</summary>
    Ready,

    /// <summary>Could not be made; the entry says why.</summary>
    Failed,
}

/// <summary>One image an operator offers, as REST and the pages show it.</summary>
/// <param name="Name">What recipes call it: lower-case letters, digits, dots and dashes.</param>
/// <param name="Title">For people: "Python 3".</param>
/// <param name="Description">One sentence.</param>
/// <param name="State">Whether it can be launched.</param>
/// <param name="Percent">How far making it is, 0 to 100.</param>
/// <param name="Step">What is being done right now, while it is made.</param>
/// <param name="Error">Why it could not be made.</param>
/// <param name="Digest">The manifest's digest; null until it was made once.</param>
/// <param name="Size">Bytes of all layers as stored.</param>
/// <param name="Runs">The command it runs, as one line.</param>
/// <param name="Interactive">Whether it is a place to type in rather than a service.</param>
/// <param name="Hidden">Whether visitors do not see it.</param>
/// <param name="Source">Where it comes from: <c>recipe python</c>, <c>docker.io/library/redis:7</c>, <c>archive</c>.</param>
public sealed record CatalogImage(
    string Name,
    string Title,
    string Description,
    CatalogState State,
    int Percent,
    string? Step,
    string? Error,
    string? Digest,
    long Size,
    string Runs,
    bool Interactive,
    bool Hidden,
    string Source);

/// <summary>The images an operator offers.</summary>
public interface ICatalog
{
    /// <summary>All entries by name; visitors are not shown the hidden ones.</summary>
    Task<IReadOnlyList<CatalogImage>> ListAsync(bool includeHidden, CancellationToken cancellationToken);

    /// <summary>Adds an entry and begins to make it; returns at once. Codes: Invalid, Conflict (the name is taken).</summary>
    Task AddAsync(string name, string title, string description, ImageSource source, CancellationToken cancellationToken);

    /// <summary>Makes it again from its source. Running playgrounds keep the digest they have. Codes: ImageNotFound, Invalid (an archive has to be uploaded again).</summary>
    Task UpdateAsync(string name, CancellationToken cancellationToken);

    /// <summary>Hides it from visitors, or shows it again. Code: ImageNotFound.</summary>
    Task HideAsync(string name, bool hidden, CancellationToken cancellationToken);

    /// <summary>Removes it. Codes: ImageNotFound, ImageInUse.</summary>
    Task RemoveAsync(string name, CancellationToken cancellationToken);

    /// <summary>Raised after any entry changed; handlers return quickly.</summary>
#pragma warning disable MA0046 // Nobody needs to know who raises it.
    event Action? Changed;
#pragma warning restore MA0046
}
