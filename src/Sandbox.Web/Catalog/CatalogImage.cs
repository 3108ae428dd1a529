using Sandbox.Web.Store;

namespace Sandbox.Web.Catalog;

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
/// <param name="Notes">How it differs from its source: entries of its layers that were changed or skipped, a sentence for each kind.</param>
/// <param name="Network">What sandboxes of it reach at most: egress, playground or none.</param>
/// <param name="Domains">With egress, the only domains that they reach; empty is all of the internet.</param>
/// <param name="Isolation">The isolation class of its sandboxes, unless the recipe or the plan requires a stronger one: nested or gvisor; null is the server's default.</param>
/// <param name="RequiredIsolation">The class that the operator requires for it: gvisor; null if none.</param>
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
    string Source,
    IReadOnlyList<string> Notes,
    string Network,
    IReadOnlyList<string> Domains,
    string? Isolation,
    string? RequiredIsolation);
