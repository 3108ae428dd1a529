namespace Sandbox.Core.Images;

/// <summary>Where an image comes from.</summary>
public abstract record ImageSource
{
    private ImageSource()
    {
    }

    /// <summary>
    /// A directory of <c>infra/images/</c>: taken from a registry where one is reachable, else made from the
    /// distribution's packages. <paramref name="Name"/> is the directory's name, never a path.
    /// </summary>
    public sealed record Recipe(string Name) : ImageSource;

    /// <summary>A registry reference in Docker's form: <c>debian:12</c>, <c>ghcr.io/o/i@sha256:…</c>.</summary>
    public sealed record Registry(string Reference) : ImageSource;

    /// <summary>An uploaded archive, read once from its beginning.</summary>
    public sealed record Archive(ArchiveKind Kind, IAsyncEnumerable<ReadOnlyMemory<byte>> Content) : ImageSource;
}

/// <summary>The two archives an image travels in.</summary>
public enum ArchiveKind
{
    /// <summary>A tar of an OCI image layout.</summary>
    Oci,

    /// <summary>What <c>docker save</c> writes.</summary>
    Docker,
}
