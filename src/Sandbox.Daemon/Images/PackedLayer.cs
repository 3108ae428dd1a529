using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>A layer's tar in a file.</summary>
/// <param name="DiffId">The tar's digest, which is the blob's too.</param>
/// <param name="Size">Its bytes.</param>
internal sealed record PackedLayer(Digest DiffId, long Size);
