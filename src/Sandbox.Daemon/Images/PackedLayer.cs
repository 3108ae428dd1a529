using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>A layer's tar in a file.</summary>
/// <param name="DiffId">The digest of the tar and of the blob, which are the same.</param>
/// <param name="Size">Its bytes.</param>
internal sealed record PackedLayer(Digest DiffId, long Size);
