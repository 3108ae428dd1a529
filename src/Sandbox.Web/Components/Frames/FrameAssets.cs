using Microsoft.AspNetCore.Components;

namespace Sandbox.Web.Components.Frames;

/// <summary>
/// The addresses of scripts and styles with their fingerprints, so that a browser keeps them for good. Pages have them from
/// their own endpoints; a frame is rendered by an endpoint of another kind and asks those of the pages.
/// </summary>
internal sealed class FrameAssets(EndpointDataSource endpoints)
{
    private readonly Lazy<ResourceAssetCollection> _all = new(() =>
        endpoints.Endpoints.Select(endpoint => endpoint.Metadata.GetMetadata<ResourceAssetCollection>()).FirstOrDefault(found => found is not null) ?? ResourceAssetCollection.Empty);

    public string this[string path] => _all.Value[path];
}
