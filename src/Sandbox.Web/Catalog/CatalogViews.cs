using Sandbox.Core.Runtime;
using Sandbox.Web.Store;

namespace Sandbox.Web.Catalog;

/// <summary>Catalog rows as REST and the pages show them.</summary>
internal static class CatalogViews
{
    /// <param name="row">The entry.</param>
    /// <param name="percent">Progress while the image is made.</param>
    /// <param name="step">Current step while the image is made.</param>
    /// <param name="isolation">The isolation class that the image itself is made for.</param>
    public static CatalogImage ToView(this CatalogRow row, int percent, string? step, string? isolation) => new(
        row.Name,
        row.Title,
        row.Description,
        row.State,
        row.State == CatalogState.Ready ? 100 : percent,
        row.State == CatalogState.Making ? step : null,
        row.Error,
        row.Digest,
        row.Size,
        row.Runs,
        row.Interactive,
        row.Hidden,
        row.SourceKind switch
        {
            CatalogSource.Recipe => "recipe " + row.Source,
            CatalogSource.Registry => row.Source,
            _ => "archive",
        },
        row.Notes.Split('\n', StringSplitOptions.RemoveEmptyEntries),
        row.Network,
        row.Policy.Domains,
        isolation == IsolationDemand.Nested ? isolation : IsolationDemand.Strongest(row.Isolation, isolation),
        row.Isolation);
}
